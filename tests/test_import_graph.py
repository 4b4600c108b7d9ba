"""The harness knows contracts, never a component; data flows one way, without circles."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from zslbench import Registry
from zslbench.specs import KINDS

REPOSITORY = Path(__file__).parents[1]

ORDER = (
    ("errors", "specs", "contracts", "hookspecs"),
    (
        "disk",
        "params",
        "source",
        "plugin_files",
        "plugin_checks",
        "members",
        "registered",
        "registry",
    ),
    (
        "hashes",
        "machine",
        "monitor",
        "cache",
        "download",
        "enforce",
        "fitted",
        "resize",
        "ragged",
    ),
    ("runspec", "grid", "early_checks"),
    ("images", "dataset_cache", "tasks"),
    ("stages", "bench"),
    ("features", "standardise", "feature_table", "embeddings", "class_embedding", "pretraining"),
    ("fitting", "folds", "pipeline", "own_method", "reference", "wordspace", "outcome"),
    ("predictions", "score"),
    ("record", "describe", "store"),
    ("leaderboard",),
    ("runner", "inspection", "estimate", "replay", "external"),
    ("report",),
    ("api", "grid_run"),
    ("testing", "component_docs", "wordnet_table"),
    ("cli", "__main__"),
)
"""The way of the data, as in docs/design.md: a module imports from its own group or from above."""

PLACE = {name: place for place, group in enumerate(ORDER) for name in group}

ORDINARY = {"none", "identity", "random"}  # also names, but first of all words of their own


def modules(package, folder):
    """Module name → syntax tree, of all modules of ``package`` under ``folder``."""
    found = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


HARNESS = modules("zslbench", REPOSITORY)
BUNDLED = modules("zslbench_plugins", REPOSITORY / "plugins")


def imports(node, *, lazy=True):
    """What is imported under ``node``; without ``lazy`` only what importing the module runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not lazy:
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from imports(child, lazy=lazy)


def harness_imports(name, *, lazy=True):
    """The modules of the harness that module ``name`` imports, but for its version's home."""
    for target in imports(HARNESS[name], lazy=lazy):
        if target.partition(".")[0] != "zslbench":
            continue
        while target not in HARNESS:
            target = target.rpartition(".")[0]
        if target != "zslbench":
            yield target


def test_all_imports_are_absolute():
    for name, tree in (HARNESS | BUNDLED).items():
        relative = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
        assert not relative, name


@pytest.mark.parametrize("name", HARNESS)
def test_the_harness_imports_no_bundled_component(name):
    assert not [t for t in imports(HARNESS[name]) if t.startswith("zslbench_plugins")]


def test_the_harness_names_no_bundled_component():
    registry = Registry.discover()
    names = {
        item.spec.name
        for kind in KINDS
        for item in registry.components(kind)
        if item.distribution == "zslbench"
    }
    named = [
        f"{module}: {literal!r}"
        for module, tree in HARNESS.items()
        for literal in literals(tree)
        if literal in names - ORDINARY
    ]
    assert named == []


def literals(tree):
    """All string literals but docstrings."""
    documents = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from () if id(node) in documents else (node.value,)


def test_every_module_has_its_place():
    tops = {name.split(".")[1] for name in HARNESS if "." in name}
    assert tops == set(PLACE), "place new modules in ORDER, and in docs/design.md"


def test_the_design_page_tells_the_same_order():
    text = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE)
    told = [tuple(re.findall(r"`(\w+)`", row)) for row in rows]
    assert told == [tuple(m for m in group if m != "__main__") for group in ORDER]


@pytest.mark.parametrize("name", [name for name in HARNESS if "." in name])
def test_a_module_imports_only_from_its_left(name):
    place = PLACE[name.split(".")[1]]
    right = [t for t in harness_imports(name) if PLACE[t.split(".")[1]] > place]
    assert not right


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(harness_imports(name, lazy=False)) - {name} for name in HARNESS}
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("name", [name for name in HARNESS if name.startswith("zslbench.score")])
def test_scores_are_made_of_predictions_and_labels_alone(name):
    tops = {target.split(".")[1] for target in harness_imports(name)}
    assert tops <= {"score", "contracts", "errors"}


COMMANDS = "zslbench_plugins.reproduce"  # a command runs things, as the harness's own do


@pytest.mark.parametrize("name", [name for name in BUNDLED if not name.startswith(COMMANDS)])
def test_a_bundled_component_uses_what_a_stranger_may_use(name):
    """Contracts, errors and helpers; never the machinery that runs it."""
    tops = {
        target.split(".")[1]
        for target in imports(BUNDLED[name])
        if target.startswith("zslbench.") and "." in target
    }
    allowed = {"contracts", "errors", "specs", "hookspecs"}
    helpers = {"disk", "download", "hashes", "enforce", "embeddings", "resize"}
    if name.endswith("_table"):  # a command for its author, which checks what it lists
        helpers |= {"testing", "Registry"}
    assert tops <= allowed | helpers


def test_registration_imports_nothing_but_plain_data():
    for name, tree in BUNDLED.items():
        if name.count(".") == 1:
            targets = {t.rpartition(".")[0] for t in imports(tree)} | {
                t for t in imports(tree) if ".declared_" in t
            }
            plain = {t for t in targets if t == name or t.startswith(f"{name}.declared_")}
            assert targets - plain <= {"zslbench.hookspecs", "zslbench.specs"}, name
        if ".declared_" in name:
            own = {t.rpartition(".")[0] for t in imports(tree) if t.startswith("zslbench")}
            assert own <= {"zslbench.specs", "zslbench_plugins.sklearn_family.params", name}, name


@pytest.mark.parametrize("name", [name for name in BUNDLED if not name.startswith(COMMANDS)])
def test_no_component_uses_a_command(name):
    assert not [target for target in imports(BUNDLED[name]) if target.startswith(COMMANDS)]
