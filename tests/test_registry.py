"""The registry: plugins found, checked one by one, and named whenever something is wrong."""

import errno
import sys
from dataclasses import replace

import pytest
from stranger import offering, plugin

from zslbench import (
    ComponentSpec,
    DataError,
    InputError,
    Param,
    PluginError,
    Recipe,
    Registry,
    hookimpl,
)
from zslbench.specs import SLOTS

GOOD = """
from zslbench import ComponentSpec, hookimpl

ZSLBENCH_API = 1

class Scale:
    def fit(self, X, y, S, *, validation=None, context):
        return self
    def transform(self, X):
        return X
    def transform_classes(self, S):
        return S

@hookimpl
def register_mappings(register):
    register(ComponentSpec("mapping", "scale", f"{__name__}:Scale"))
"""


class Detector:
    """All that a detector must have; nothing of it is run here."""

    inputs = frozenset({"X"})

    def __init__(self, width=1.0):
        if width == 13:
            raise ZeroDivisionError("unlucky")
        self.width = width

    def fit(self, view, y, classes, *, context):
        return self

    def novelty(self, view):
        return view.X[:, 0]


class HalfADetector:
    """Lacks ``inputs`` and ``novelty``."""

    def fit(self, view, y, classes, *, context):
        return self


def registry_of(*plugins):
    """A registry of these plugins alone."""
    registry = Registry()
    for each in plugins:
        registry.add(each)
    return registry


WIDTH = Param("width", "float", 1.0, "how wide", minimum=0)
DETECTOR = ComponentSpec("novelty", "wide", f"{__name__}:Detector", params=(WIDTH,))


# ------------------------------------------------------------------------- installed packages


def test_bundled_components_come_in_through_entry_points():
    registry = Registry.discover()
    bundled = {p.name for p in registry.plugins if p.distribution == "zslbench"}
    assert {"zslbench:mappings", "zslbench:datasets", "zslbench:methods"} <= bundled
    assert registry.find("mapping", "linear")[0].distribution == "zslbench"


def test_a_strangers_distribution_is_found_beside_them(install):
    install("zsl-stranger", GOOD)
    registry = Registry.discover()
    (report,) = [p for p in registry.plugins if p.distribution == "zsl-stranger"]
    assert (report.name, report.version, report.reason) == ("zsl-stranger:plugin", "1.5", None)
    found, member = registry.find("mapping", "scale")
    assert (found.plugin, found.version, member) == ("zsl-stranger:plugin", "1.5", None)
    assert type(registry.create(registry.resolve("mapping", "scale"))).__name__ == "Scale"


def test_two_distributions_may_name_their_entry_point_alike(install):
    install("zsl-one", GOOD)
    install("zsl-two", GOOD.replace('"scale"', '"rescale"'))
    assert {"scale", "rescale"} <= set(Registry.discover().names("mapping"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (GOOD.replace("ZSLBENCH_API = 1", ""), "states ZSLBENCH_API = None"),
        (GOOD.replace("ZSLBENCH_API = 1", "ZSLBENCH_API = 2"), "states ZSLBENCH_API = 2"),
        (GOOD.replace("register_mappings", "register_mapping"), "did you mean 'register_mappings'"),
    ],
)
def test_a_broken_plugin_is_reported_by_name_and_the_others_work(install, code, reason):
    install("zsl-broken", code)
    install("zsl-stranger", GOOD)
    registry = Registry.discover()
    (report,) = [p for p in registry.plugins if p.reason]
    assert report.name == "zsl-broken:plugin"
    assert reason in report.reason
    assert registry.find("mapping", "scale")[0].plugin == "zsl-stranger:plugin"
    assert registry.find("mapping", "linear")[0].distribution == "zslbench"


def test_an_unknown_name_may_be_a_broken_plugins(install):
    install("zsl-broken", "import no_such_module")
    with pytest.raises(InputError, match=r"not loaded: zsl-broken:plugin"):
        Registry.discover().find("mapping", "scale")


def test_a_name_that_two_plugins_claim_is_an_error_that_names_both(install):
    install("zsl-one", GOOD)
    install("zsl-two", GOOD)
    registry = Registry.discover()
    with pytest.raises(PluginError, match=r"'zsl-one:plugin' and 'zsl-two:plugin'") as refused:
        registry.find("mapping", "scale")
    assert "mapping 'scale'" in str(refused.value)
    assert registry.conflicts() == (str(refused.value),)
    assert registry.find("mapping", "linear")[0].distribution == "zslbench"


# ------------------------------------------------------------------------------ registration


@pytest.mark.parametrize("api", [None, 0, 2, "1"])
def test_a_plugin_must_state_this_api(api):
    with pytest.raises(PluginError, match=r"plugin 'wip' states ZSLBENCH_API = .*version 1"):
        registry_of(plugin(api=api))


def test_a_misspelt_hook_is_named_with_the_nearest():
    with pytest.raises(PluginError) as refused:
        registry_of(plugin(register_novelties=lambda register: None))
    message = str(refused.value)
    assert "plugin 'wip' implements unknown hook 'register_novelties'" in message
    assert "did you mean 'register_novelty'" in message
    assert "run_finished" in message


def test_a_hook_that_is_not_marked_is_named():
    module = plugin()
    module.register_gates = lambda register: None
    with pytest.raises(PluginError, match=r"'wip' defines register_gates without marking"):
        registry_of(module)


def test_a_wrong_signature_is_named_with_the_right_one():
    with pytest.raises(PluginError) as refused:
        registry_of(plugin(register_gates=lambda registry: None))
    assert "plugin 'wip': hook register_gates takes (registry); expected (register)" in str(
        refused.value
    )


def test_a_hook_may_take_fewer_arguments_and_live_on_an_object():
    class Tracker:
        ZSLBENCH_API = 1

        @hookimpl
        def stage_finished(self, stage):
            seen.append(stage)

    seen = []
    registry = registry_of(Tracker())
    registry.manager.hook.stage_finished(stage="features", seconds=1.0, cached=False)
    assert seen == ["features"]
    assert [p.name for p in registry.plugins] == ["Tracker"]


def test_a_component_of_another_kind_is_refused():
    with pytest.raises(PluginError, match=r"registered novelty 'wide' through register_gates.*use"):
        registry_of(offering(DETECTOR, hook="register_gates"))


def fill(**changed):
    """A whole recipe, but for what is changed."""
    return dict.fromkeys(SLOTS, "x") | changed


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"kind": "novelty"}, "expected a ComponentSpec"),
        (ComponentSpec("novelty", "x"), "needs a target 'module:Class'"),
        (ComponentSpec("novelty", "x", "module"), "target 'module' must be 'module:Class'"),
        (ComponentSpec("novelty", "two words", "m:C"), "one word without spaces"),
        (ComponentSpec("novelty", "x", recipe=Recipe(fill())), "needs a target"),
        (ComponentSpec("novelty", "x", "m:C", (WIDTH, WIDTH)), "'width' twice"),
        (
            ComponentSpec("novelty", "x", "m:C", (Param("a", "float", -1.0, "", minimum=0),)),
            "parameter 'a' of plugin 'wip': novelty 'x' must be float ≥ 0, got -1.0",
        ),
        (ComponentSpec("novelty", "x", "m:C", (Param("a", "complex", 0, ""),)), "type 'complex'"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_when_it_registers(spec, complaint):
    with pytest.raises(PluginError, match="plugin 'wip'") as refused:
        registry_of(offering(spec, hook="register_novelty"))
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (ComponentSpec("method", "x", "m:C", recipe=Recipe(fill())), "or a recipe, not both"),
        (ComponentSpec("method", "x", recipe=Recipe({"gate": "hard"})), "missing or unknown:"),
        (ComponentSpec("method", "x", recipe=Recipe(fill(map="y"))), "missing or unknown: map"),
        (ComponentSpec("method", "x", recipe=Recipe(fill(), {"cut": 1})), "slot.parameter"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_when_it_registers(spec, complaint):
    with pytest.raises(PluginError, match="plugin 'wip'") as refused:
        registry_of(offering(spec))
    assert complaint in str(refused.value)


def test_a_plugin_that_fails_while_registering_leaves_nothing_behind():
    def offer(register):
        register(DETECTOR)
        raise KeyError("oops")

    registry = Registry()
    with pytest.raises(PluginError, match=r"'wip' failed in register_novelty: KeyError: 'oops'"):
        registry.add(plugin(register_novelty=offer))
    assert registry.names("novelty") == ()
    registry.add(offering(DETECTOR))
    assert registry.names("novelty") == ("wide",)


def test_a_life_cycle_hook_that_fails_is_named():
    def crash(stage):
        raise KeyError(stage)

    registry = registry_of(
        plugin("innocent", stage_started=lambda stage: None), plugin("guilty", stage_started=crash)
    )
    with pytest.raises(PluginError, match=r"'guilty' failed in stage_started: KeyError: 'a'"):
        registry.manager.hook.stage_started(stage="a", note="")


# ----------------------------------------------------------------------------------- look-up


@pytest.mark.parametrize("name", ["wid", "WIDE", "wide/x"])
def test_an_unknown_name_is_refused_with_the_nearest(name):
    with pytest.raises(InputError, match=rf"unknown novelty '{name}'.*did you mean 'wide'"):
        registry_of(offering(DETECTOR)).find("novelty", name)


def test_an_unknown_name_that_is_near_none_is_refused_with_all_there_are():
    other = replace(DETECTOR, name="narrow")
    with pytest.raises(InputError, match=r"unknown novelty 'zzz'; known: narrow, wide; see 'zslb"):
        registry_of(offering(DETECTOR, other)).find("novelty", "zzz")


def test_a_file_that_a_component_fails_to_open_is_its_own_fault(tmp_path):
    registry = registry_of(offering(DETECTOR))
    ref = registry.resolve("novelty", "wide")
    with (
        pytest.raises(PluginError, match=r"'wide' of plugin 'wip' failed in fit: FileNotFoundErr"),
        registry.calling(ref, "fit"),
    ):
        (tmp_path / "absent").read_text()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_machine_refuses_is_no_components_fault(number):
    registry = registry_of(offering(DETECTOR))
    ref = registry.resolve("novelty", "wide")
    with pytest.raises(OSError, match="no") as refused, registry.calling(ref, "fit"):
        raise OSError(number, "no")
    assert refused.value.errno == number


def test_a_family_hands_its_member_on():
    family = ComponentSpec("novelty", "pyod/*", f"{__name__}:Detector")
    registry = registry_of(offering(family, replace(family, name="pyod/own")))
    assert registry.resolve("novelty", "pyod/ABOD").member == "ABOD"
    assert registry.resolve("novelty", "pyod/a/b").member == "a/b"
    assert registry.resolve("novelty", "pyod/own").member is None
    for name in ("pyod", "pyod/", "pyod/*", "/ABOD"):
        with pytest.raises(InputError, match="unknown novelty"):
            registry.find("novelty", name)


def test_parameters_are_resolved_and_reach_the_constructor():
    registry = registry_of(offering(DETECTOR))
    ref = registry.resolve("novelty", "wide", [("user", {"width": "2"})])
    assert (ref.params, ref.origins) == ({"width": 2.0}, {"width": "user"})
    assert registry.create(ref).width == 2.0
    with pytest.raises(InputError, match=r"novelty 'wide' has no parameter 'widht'.*'width'"):
        registry.resolve("novelty", "wide", [("user", {"widht": 2})])


@pytest.mark.parametrize(
    ("target", "params", "complaint"),
    [
        ("no_such_module:C", (), "no module 'no_such_module'"),
        (f"{__name__}:NoSuchClass", (), f"no 'NoSuchClass' in module '{__name__}'"),
        (f"{__name__}:HalfADetector", (), "it lacks inputs, novelty; a novelty has inputs, fit"),
        (f"{__name__}:HalfADetector", (WIDTH,), r"declared parameters ['width']: TypeError"),
        (f"{__name__}:Detector", (Param("width", "int", 13, ""),), "ZeroDivisionError: unlucky"),
    ],
)
def test_a_component_that_cannot_be_had_is_named_with_its_plugin(target, params, complaint):
    registry = registry_of(offering(ComponentSpec("novelty", "x", target, params)))
    with pytest.raises(PluginError, match="novelty 'x' of plugin 'wip'") as refused:
        registry.create(registry.resolve("novelty", "x"))
    assert complaint in str(refused.value)


def test_a_module_that_fails_at_first_use_is_named_with_its_plugin(install):
    lazy = GOOD.replace('f"{__name__}:Scale"', '"zsl_heavy:Scale"')
    install("zsl-stranger", lazy)
    install("zsl-heavy", "import no_such_module")
    registry = Registry.discover()
    with pytest.raises(PluginError, match=r"'scale' of plugin 'zsl-stranger:plugin' cannot be imp"):
        registry.create(registry.resolve("mapping", "scale"))


def test_a_missing_extra_is_named_with_the_command_that_installs_it(install):
    lazy = GOOD.replace('f"{__name__}:Scale"', '"zsl_heavy:Scale", extra="heavy"')
    install("zsl-stranger", lazy)
    install("zsl-heavy", "import no_such_module")
    registry = Registry.discover()
    with pytest.raises(DataError, match=r"pip install 'zsl-stranger\[heavy\]'"):
        registry.create(registry.resolve("mapping", "scale"))


def test_source_that_cannot_be_parsed_is_named(install):
    install("zsl-stranger", GOOD.replace('f"{__name__}:Scale"', '"zsl_unparsable:Scale"'))
    install("zsl-unparsable", "def broken(")
    with pytest.raises(PluginError, match=r"mapping 'scale' of plugin .* cannot be parsed"):
        Registry.discover().resolve("mapping", "scale")


def test_a_component_may_stand_in_its_packages_init(tmp_path, monkeypatch):
    package = tmp_path / "zsl_package"
    package.mkdir()
    (package / "__init__.py").write_text(GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = registry_of("zsl_package")
    first = registry.resolve("mapping", "scale")
    assert first.target == "zsl_package:Scale"
    assert len(first.source) == 64


# --------------------------------------------------------------------------- work in progress


@pytest.fixture
def plugin_file(tmp_path, monkeypatch):
    """Write a plugin file, forgotten again after the test."""

    def write(code, name="zsl_wip.py"):
        path = tmp_path / name
        path.write_text(code)
        monkeypatch.setitem(sys.modules, path.stem, None)
        monkeypatch.delitem(sys.modules, path.stem)
        return str(path)

    return write


def test_a_file_is_a_plugin_too(plugin_file):
    registry = Registry.discover([plugin_file(GOOD)])
    ref = registry.resolve("mapping", "scale")
    assert (ref.distribution, ref.target) == ("local", "zsl_wip:Scale")
    assert type(registry.create(ref)).__name__ == "Scale"


def test_a_file_may_be_named_in_several_registries(plugin_file):
    path = plugin_file(GOOD)
    for _ in range(2):
        assert "scale" in Registry.discover([path, path]).names("mapping")


def test_a_file_and_an_installed_plugin_that_claim_one_name(install, plugin_file):
    install("zsl-stranger", GOOD)
    registry = Registry.discover([plugin_file(GOOD)])
    with pytest.raises(PluginError, match=r"'zsl-stranger:plugin' and 'zsl_wip'"):
        registry.find("mapping", "scale")


def test_an_installed_module_may_be_named_again(install):
    install("zsl-stranger", GOOD)
    registry = Registry.discover(["zsl_stranger"])
    assert registry.find("mapping", "scale")[0].plugin == "zsl-stranger:plugin"


def test_a_file_that_does_not_exist_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Registry.discover([str(tmp_path / "wip.py")])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("x = ", "SyntaxError"),
        ("x = 1", "ZSLBENCH_API"),
    ],
)
def test_a_file_that_was_asked_for_and_fails_is_an_error(plugin_file, code, reason):
    with pytest.raises(PluginError, match="zsl_wip") as refused:
        Registry.discover([plugin_file(code)])
    assert reason in str(refused.value)


@pytest.mark.parametrize("name", ["json.py", "tomllib.py"])
def test_a_file_that_would_hide_another_module_is_refused(tmp_path, name):
    (tmp_path / name).write_text(GOOD)
    with pytest.raises(PluginError, match="another module is called"):
        Registry.discover([str(tmp_path / name)])


def test_a_module_that_does_not_exist_is_named():
    with pytest.raises(PluginError, match=r"'no_such_module' cannot be imported"):
        Registry.discover(["no_such_module"])
