"""The documents say what is so: generated pages are fresh, examples run, tables are complete."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tiny

import zslbench
from zslbench import Registry, hookspecs
from zslbench.component_docs import page
from zslbench.plugin_checks import CONTRACTS, HOOKS
from zslbench.testing import check_component

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_page_of_components_is_fresh():
    fresh = page(Registry.discover())
    assert (DOCS / "components.md").read_text(encoding="utf-8") == fresh, (
        "run: python -m zslbench.component_docs > docs/components.md"
    )


def test_every_dependency_stands_in_the_table_with_a_reason():
    declared = {re.match(r"[\w-]+", text)[0] for text in PROJECT["dependencies"]}
    text = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert {name for name, _, _ in rows} == declared
    assert all(reason.strip() and where.strip() for _, reason, where in rows)


def test_the_table_tells_what_is_imported_and_what_is_not_yet():
    text = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    sources = {
        folder: "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / folder).rglob("*.py"))
        for folder in ("zslbench", "plugins", "tests")
    }
    for name, _, where in re.findall(r"^\| `([\w-]+)` \| (.+) \| (.+) \|$", text, re.MULTILINE):
        module = {"pillow": "PIL", "scikit-learn": "sklearn"}.get(name, name.replace("-", "_"))
        used = {
            folder
            for folder, source in sources.items()
            if re.search(rf"^\s*(import|from) {module}\b", source, re.MULTILINE)
        }
        if where == "nothing in this release imports it yet":
            assert not used, name
        elif where == "tests":
            assert used == {"tests"}, name
        else:
            assert used & {"zslbench", "plugins"}, name


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The complete plugin of docs/plugins.md, as a file."""
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "my_plugin.py"
    path.write_text(code, encoding="utf-8")
    yield path
    sys.modules.pop("my_plugin", None)


def test_the_documented_plugin_keeps_its_contract_and_runs(example, tmp_path):
    check_component(Registry.discover([str(example)]), "novelty", "least-confident")
    record = zslbench.evaluate(
        "tiny",
        "colours",
        slots={"novelty": "least-confident"},
        set={"novelty.temperature": 2},
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
        threads=1,
        plugins=[tiny, str(example)],
    )
    assert record.status == "finished"
    assert record.slots["novelty"].params == {"temperature": 2.0}


def test_the_documented_plugin_is_listed_by_the_command_line(example):
    command = [sys.executable, "-m", "zslbench", "list", "novelty", "--plugin", example.name]
    done = subprocess.run(command, cwd=example.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "least-confident" in done.stdout


def test_every_kind_and_hook_is_documented():
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    for kind, hook in HOOKS.items():
        (row,) = re.findall(rf"^\| `{kind}`, `{hook}` \|.*$", text, re.MULTILINE)
        protocol = CONTRACTS[kind]
        names = [*protocol.__annotations__, *(n for n in vars(protocol) if not n.startswith("_"))]
        assert [n for n in names if not re.search(rf"`{n}[`(]", row)] == [], kind
    for name in vars(hookspecs):
        if name.startswith(("register_", "run_", "stage_")):
            assert f"`{name}" in text, name
