"""Families with a table of members: looked up, listed and checked without importing anything."""

import json
import sys
from types import ModuleType

import pytest
from stranger import offering

from zslbench import ComponentSpec, InputError, Param, PluginError, Registry
from zslbench.testing import ContractBreach, check_component

TABLE = {
    "Forest": {
        "summary": "Trees",
        "reference": "Liu et al. 2008",
        "params": [
            {"name": "trees", "type": "int", "default": 9, "help": "how many", "minimum": 1}
        ],
    },
    "Nearest": {"summary": "Neighbours"},
}
SPACE = Param("space", "str", "Z", "what it reads", choices=("X", "Z"))


@pytest.fixture
def family(tmp_path, monkeypatch):
    """A family whose table lies in a package ``woods``."""
    package = tmp_path / "woods"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "members.json").write_text(json.dumps(TABLE))
    monkeypatch.syspath_prepend(tmp_path)
    yield ComponentSpec(
        "novelty", "woods/*", f"{__name__}:Detector", params=(SPACE,), summary="Woods",
        members="woods:members.json",
    )  # fmt: skip
    sys.modules.pop("woods", None)


@pytest.fixture
def registry(family):
    from zslbench.members import _table

    _table.cache_clear()
    return Registry.discover([offering(family)])


class Detector:
    """Distance from the mean, whatever the member."""

    inputs = frozenset({"Z"})

    def __init__(self, member, space="Z", **params):
        self.member, self.space = member, space
        for name, value in params.items():
            setattr(self, name, value)

    def fit(self, view, y, classes, *, context):
        self.mean_ = view.Z.mean(axis=0)
        return self

    def novelty(self, view):
        return ((view.Z - self.mean_) ** 2).sum(axis=1)


class Closed(Detector):
    """Does not take what its members declare."""

    def __init__(self, member, space="Z"):
        super().__init__(member, space)


def test_a_member_has_the_familys_parameters_and_its_own(registry):
    item, member = registry.find("novelty", "woods/Forest")
    assert member == "Forest"
    assert [p.name for p in item.spec.params] == ["space", "trees"]
    assert (item.spec.summary, item.spec.reference) == ("Trees", "Liu et al. 2008")
    ref = registry.resolve("novelty", "woods/Forest", [("user", {"trees": "3"})])
    assert ref.params == {"space": "Z", "trees": 3}
    assert ref.label == "woods/Forest"
    assert registry.create(ref).trees == 3
    assert registry.item(ref).spec == item.spec
    with pytest.raises(InputError, match="trees"):
        registry.resolve("novelty", "woods/Nearest", [("user", {"trees": 3})])


def test_an_unknown_member_is_answered_with_the_nearest_ones(registry):
    with pytest.raises(InputError, match="did you mean 'woods/Forest'"):
        registry.find("novelty", "woods/Forrest")


def test_members_keep_the_contract_through_an_open_ended_constructor(registry):
    check_component(registry, "novelty", "woods/Forest")


def test_a_family_that_does_not_take_its_members_parameters_breaks_its_contract(family):
    from dataclasses import replace

    closed = replace(family, target=f"{__name__}:Closed")
    with pytest.raises(ContractBreach, match="trees"):
        check_component(Registry.discover([offering(closed)]), "novelty", "woods/Forest")


@pytest.mark.parametrize("text", ["{", "[]", '{"Forest": 3}'])
def test_a_damaged_table_names_itself(family, registry, tmp_path, text):
    (tmp_path / "woods" / "members.json").write_text(text)
    with pytest.raises(PluginError, match=r"woods:members\.json"):
        registry.find("novelty", "woods/Forest")


@pytest.mark.parametrize("members", ["members.json", "a:b:c"])
def test_a_table_is_named_by_package_and_file(members):
    spec = ComponentSpec("novelty", "woods/*", f"{__name__}:Detector", members=members)
    with pytest.raises(PluginError, match=r"package:file\.json"):
        Registry.discover([offering(spec)])


def test_looking_up_a_member_imports_no_component(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "never", ModuleType("never"))
    before = set(sys.modules)
    registry.find("novelty", "woods/Nearest")
    assert {name for name in set(sys.modules) - before if "sklearn" in name} == set()
