"""``list``, ``show`` and plugins' commands: what a user reads about what there is."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zslbench.cli import main
from zslbench.specs import KINDS

TINY = str(Path(__file__).with_name("tiny.py"))


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_list_names_every_bundled_component_under_its_kind():
    done = call("list")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    starts = [lines.index(kind) for kind in KINDS]
    assert starts == sorted(starts)
    mappings = lines[lines.index("mapping") : lines.index("novelty")]
    assert any(line.split()[:1] == ["linear"] and line.endswith("zslbench") for line in mappings)
    assert not any("nearest-word" in line for line in mappings)


def test_list_of_a_kind_shows_that_kind_alone():
    lines = call("list", "gate").stdout.splitlines()
    assert lines[0] == "gate"
    names = {line.split()[0] for line in lines[2:] if line}
    assert {"hard", "none", "all-seen", "all-unseen"} <= names
    assert "linear" not in names


def test_machines_get_json():
    found = json.loads(call("list", "embedding", "--json").stdout)
    huang = next(item for item in found if item["name"] == "huang2012")
    assert huang["kind"] == "embedding"
    assert huang["distribution"] == "zslbench"
    assert "Huang" in huang["reference"]


def test_show_says_what_a_member_needs_and_what_a_family_refuses_and_why():
    assert "zslbench[efficientnet]" in call("show", "backbone", "timm/tf_efficientnet_lite0").stdout
    assert "zslbench[" not in call("show", "backbone", "timm/resnet18").stdout
    family = call("show", "novelty", "pyod/*").stdout
    refused = family[family.index("refused") :].splitlines()
    assert any(line.split()[:1] == ["SOS"] and "by its batch" in line for line in refused)
    assert "refused" not in call("show", "novelty", "pyod/KNN").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "mappings"], "unknown kind 'mappings': did you mean 'mapping'?"),
        (["show", "mapping", "soccer2013"], "did you mean 'socher2013' or"),
        (["show", "mapping", "qqq"], "see 'zslbench list mapping'"),
        (["show", "wall", "linear"], "kinds: dataset, backbone"),
        (["lits"], "unknown command 'lits': did you mean 'list'?"),
        (["list", "--bogus"], "no such option '--bogus'; see 'zslbench list --help'"),
        (["list", "gate", "--plugins"], "leave out 'gate'"),
        (["--plugin", "nowhere.py", "list"], "plugin file 'nowhere.py' does not exist"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_next(words: list[str], said: str):
    done = call(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_show_gives_bounds_default_and_section_of_every_parameter():
    text = call("show", "mapping", "socher2013").stdout
    assert "Socher et al. 2013, § 4" in text
    row = next(line for line in text.splitlines() if line.split()[:1] == ["hidden"])
    assert row.split()[1:5] == ["int", "≥", "1", "200"]
    assert "--set mapping.hidden=VALUE" in text


def test_show_gives_a_recipe_as_data():
    lines = call("show", "method", "socher2013").stdout.splitlines()
    slots = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert slots["backbone"].split() == ["backbone", "coates2011"]
    assert "the data set's own default" in slots["embedding"]
    assert "cut = seen_kept:0.9" in slots["gate"]
    assert slots["unseen_classifier"].split()[1] == "nearest-word"


def test_show_explains_a_family_by_its_own_name_and_by_a_member():
    family, member = call("show", "embedding", "file/*"), call("show", "embedding", "file/x.txt")
    assert family.stdout == member.stdout
    assert "--embedding file/PATH" in family.stdout


def test_a_classifier_shows_both_slots_that_it_can_fill():
    text = call("show", "classifier", "softmax").stdout
    assert "--seen-classifier softmax or --unseen-classifier softmax" in text
    assert "--set seen_classifier.ridge=VALUE or --set unseen_classifier.ridge=VALUE" in text


@pytest.mark.parametrize(
    "words", [["--plugin", TINY, "list", "mapping"], ["list", "mapping", "--plugin", TINY]]
)
def test_a_plugin_in_the_making_is_named_before_or_after_the_command(words: list[str]):
    lines = call(*words).stdout.splitlines()
    assert any(line.split() == ["flat", "local"] for line in lines)


def test_a_plugin_that_fails_to_import_is_named_with_its_reason(install: Any):
    install("rotten", "raise RuntimeError('mouldy')")
    listed = call("list", "gate")
    assert listed.exit_code == 0, "the others work on"
    assert "warning: plugin 'rotten:plugin' is not loaded: RuntimeError: mouldy" in listed.stderr
    text = call("list", "--plugins").stdout
    row = next(line for line in text.splitlines() if line.startswith("rotten:plugin"))
    assert row.split() == ["rotten:plugin", "rotten", "1.5", "FAILED"]
    assert "mouldy" in text
    reports = json.loads(call("list", "--plugins", "--json").stdout)
    assert {r["name"]: r["loaded"] for r in reports}["rotten:plugin"] is False


def test_two_plugins_with_one_name_are_warned_of_and_the_name_is_refused(install: Any):
    code = """
        from zslbench import ComponentSpec, hookimpl
        ZSLBENCH_API = 1

        @hookimpl
        def register_gates(register):
            register(ComponentSpec("gate", "hard", "os:PathLike"))
    """
    install("usurper", textwrap.dedent(code))
    listed = call("list", "gate")
    assert "warning: gate 'hard' is claimed by plugins" in listed.stderr
    shown = call("show", "gate", "hard")
    assert shown.exit_code == 4
    assert "'usurper:plugin' and 'zslbench:gates'" in shown.stderr


COMMANDS = """
import click
from zslbench import hookimpl
ZSLBENCH_API = 1

@hookimpl
def register_commands(register):
    register("greet", "{module}:greet", "Greet somebody.")
    register("gone", "{module}:gone", "Is not there.")
    register("odd", "{module}:ZSLBENCH_API", "Is no command.")
    register("run", "{module}:greet", "Hides nothing.")

@click.command()
@click.argument("name")
def greet(name):
    click.echo(f"hello {{name}}")
    return 3
"""


@pytest.fixture
def greeter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plugin file with commands."""
    path = tmp_path / "greeter.py"
    path.write_text(COMMANDS.format(module="greeter"))
    monkeypatch.delitem(sys.modules, "greeter", raising=False)
    return str(path)


def test_a_plugins_command_is_listed_and_run(greeter: str):
    text = call("--plugin", greeter, "--help").stdout
    assert re.search(r"greet +Greet somebody\.", text)
    done = call("--plugin", greeter, "greet", "Ada")
    assert (done.exit_code, done.stdout) == (0, "hello Ada\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [("gone", "cannot be imported"), ("odd", "is a int; expected a click command")],
)
def test_a_plugins_broken_command_is_the_plugins_fault(greeter: str, command: str, said: str):
    done = call("--plugin", greeter, command)
    assert done.exit_code == 4
    assert said in done.stderr
    assert "'greeter'" in done.stderr


def test_a_plugin_cannot_take_a_command_of_zslbench(greeter: str):
    done = call("--plugin", greeter, "--help")
    assert "command 'run' of plugin 'greeter' is hidden" in done.stderr
    assert "Run a method on a data set" in done.stdout


def test_two_plugins_with_one_command_are_refused_by_name(greeter: str, tmp_path: Path):
    other = tmp_path / "other_greeter.py"
    other.write_text(COMMANDS.format(module="other_greeter"))
    done = call("--plugin", greeter, "--plugin", str(other), "greet", "Ada")
    assert done.exit_code == 4
    assert "command 'greet' is claimed by plugins 'greeter' and 'other_greeter'" in done.stderr
    sys.modules.pop("other_greeter", None)


def test_nothing_typed_shows_the_help():
    done = call()
    assert "Commands:" in done.output
    assert "error" not in done.output
