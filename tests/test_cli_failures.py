"""Failures as a user meets them: one message, an exit code, and for a bug a crash report."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zslbench.cli import main

PLUGIN = """
import errno, os, signal, time, warnings
import click
from zslbench import DataError, EnvironmentFailure, InputError, PluginError, hookimpl
ZSLBENCH_API = 1

@hookimpl
def register_commands(register):
    register("fail", "failing_plugin:fail", "Fail.")

FAILURES = {
    "input": InputError("thing 3: allowed are 1 and 2"),
    "data": DataError("no file"),
    "plugin": PluginError("not a float array"),
    "environment": EnvironmentFailure("the lock is held"),
    "full": OSError(errno.ENOSPC, "No space left on device", "big.bin"),
    "denied": PermissionError(errno.EACCES, "Permission denied", "secret.bin"),
    "memory": MemoryError(),
    "bug": ZeroDivisionError("1 / 0"),
    "lost": FileNotFoundError(errno.ENOENT, "No such file", "lost.bin"),
    "interrupt": KeyboardInterrupt(),
}

@click.command()
@click.argument("how")
def fail(how):
    if how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    if how == "warn":
        for _ in range(2):
            warnings.warn("vectors of cat are untrained", UserWarning)
            warnings.warn("old thing", FutureWarning)
        return
    raise FAILURES[how]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plugin whose command fails as asked; the working folder is an empty one."""
    path = tmp_path / "failing_plugin.py"
    path.write_text(PLUGIN)
    monkeypatch.delitem(sys.modules, "failing_plugin", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return str(path)


def fail(plugin: str, how: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["--plugin", plugin, *options, "fail", how])


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("input", 2, "error: thing 3: allowed are 1 and 2"),
        ("data", 3, "error: no file"),
        ("plugin", 4, "error: not a float array"),
        ("environment", 5, "error: the lock is held"),
        ("full", 5, "error: big.bin: the disk is full;"),
        ("denied", 5, "error: secret.bin: permission denied;"),
        ("memory", 5, "error: memory ran out:"),
    ],
)
def test_a_failure_is_one_line_and_its_code(plugin: str, how: str, code: int, said: str):
    done = fail(plugin, how)
    assert done.exit_code == code
    [line] = done.stderr.splitlines()
    assert line.startswith(said)
    assert not list(Path().iterdir()), "no crash report for what is no bug"


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_interrupted_and_terminated_are_130(plugin: str, how: str):
    before = signal.getsignal(signal.SIGTERM)
    done = fail(plugin, how)
    assert done.exit_code == 130
    assert "interrupted; run the same command again to go on" in done.stderr
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("how", ["bug", "lost"])
def test_a_bug_leaves_a_report_and_no_traceback(plugin: str, how: str):
    done = fail(plugin, how)
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    [report] = Path().glob("zslbench-crash-*.txt")
    assert report.name in done.stderr
    text = report.read_text()
    assert {"bug": "ZeroDivisionError: 1 / 0", "lost": "lost.bin"}[how] in text
    assert "in fail" in text, "the traceback leads to the plugin"
    assert "numpy " in text
    assert f"fail {how}" in text


def test_a_report_names_no_home_folder(plugin: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(Path(plugin).parent))
    fail(plugin, "bug")
    text = next(Path().glob("zslbench-crash-*.txt")).read_text()
    assert str(Path(plugin).parent) not in text
    assert "~/failing_plugin.py" in text


def test_a_report_goes_elsewhere_where_one_may_not_write(
    plugin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = Path.write_text

    def refuse(path: Path, *args: object, **options: object) -> int:
        if path.parent == Path():
            raise PermissionError(13, "Permission denied", str(path))
        return write(path, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = fail(plugin, "bug")
    assert done.exit_code == 1
    [report] = tmp_path.glob("zslbench-crash-*.txt")
    assert str(report) in done.stderr


def test_debug_prints_the_traceback_instead(plugin: str):
    done = fail(plugin, "bug", "--debug")
    assert done.exit_code == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert not list(Path().iterdir())
    assert "Traceback" in fail(plugin, "data", "--debug").stderr


@pytest.mark.filterwarnings("default")
def test_a_warning_is_printed_once_and_plainly(plugin: str):
    assert fail(plugin, "warn").stderr.splitlines() == [
        "warning: vectors of cat are untrained",
        "warning: FutureWarning: old thing",
    ]
    assert "failing_plugin.py:" in fail(plugin, "warn", "--debug").stderr


def run_piped(*words: str) -> tuple[int, str]:
    """Run a command whose reader has gone; return its exit code and stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from zslbench.cli import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    return process.wait(), said


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--help"], ["run", "--help"]])
def test_a_reader_who_leaves_is_no_failure(words: list[str]):
    code, said = run_piped(*words)
    assert code == 0
    assert "Error" not in said
    assert "error" not in said
