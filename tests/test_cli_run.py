"""``zslbench run``: what is asked reaches the run, and what it found reaches the user."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import zslbench
from zslbench.cli import main, progress
from zslbench.cli.progress import Bars, Lines, format_rate, format_seconds
from zslbench.cli.run import parse_seeds, worst
from zslbench.cli.settings import parse_settings
from zslbench.errors import InputError
from zslbench.hookspecs import hookimpl
from zslbench.record import read_record

TINY = str(Path(tiny.__file__))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Call ``zslbench run`` on the tiny plugin, in folders of its own."""

    def call(*words: str, method: str = "tiny", dataset: str = "colours") -> Result:
        folders = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
        asked = ["run", "--plugin", TINY, "--method", method, "--dataset", dataset]
        return CliRunner().invoke(main, [*asked, *folders, "--threads", "1", *words])

    return call


def records(tmp_path: Path) -> list[zslbench.Record]:
    return [read_record(path) for path in sorted(tmp_path.glob("out/runs/*/record.json"))]


def scores_of(text: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table under the line that begins with ``heading``."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(heading))
    rows = (line.split() for line in lines[start + 2 :])
    return {row[0]: row[1:] for row in rows if row}


# ------------------------------------------------------------------------------------- results


def test_the_table_shows_the_records_scores_in_per_cent(run: Any, tmp_path: Path):
    done = run()
    assert done.exit_code == 0
    [record] = records(tmp_path)
    table = scores_of(done.stdout, "tiny on colours, seed 0")
    for name in ("T1", "u", "s", "H", "AUSUC", "seen_accuracy", "known_accuracy"):
        assert table[name][0] == f"{100 * getattr(record.scores, name):.1f}"
        assert table[name][2] == f"{100 * getattr(record.scores, name + '_se'):.1f}"
    assert table["AUROC"][0] == f"{100 * record.scores.novelty.AUROC:.1f}"


def test_it_says_where_the_files_are_and_they_are_there(run: Any):
    text = run().stdout
    for name in ("record", "predictions", "all runs"):
        path = re.search(rf"^{name} +(\S+)$", text, re.MULTILINE)
        assert path is not None
        assert Path(path[1]).is_file(), name
    assert "setting       inductive, ranked" in text
    assert "overlap with unseen: none" in text


def test_a_finished_run_answers_and_says_so(run: Any):
    first, again, forced = run(), run(), run("--force")
    note = "finished before, answered from its record"
    assert note not in first.stdout
    assert note in again.stdout
    assert note not in forced.stdout
    assert "mapping" not in again.stderr.split("results")[1], "no stage is run"
    tables = [scores_of(done.stdout, "tiny on")["H"] for done in (first, again, forced)]
    assert tables[0] == tables[1] == tables[2]


def test_several_seeds_end_in_mean_and_spread(run: Any, tmp_path: Path):
    import numpy as np

    done = run("--seeds", "0-2", method="chance")
    assert done.exit_code == 0
    found = [record.scores.T1 for record in records(tmp_path)]
    assert len(found) == 3
    table = scores_of(done.stdout, "chance on colours, seeds 0, 1, 2")
    expected = (np.mean(found), np.std(found, ddof=1))
    assert table["T1"][:2] == [f"{100 * value:.1f}" for value in expected]


def test_a_page_is_written_where_asked(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import zslbench.report

    def write_report(folder: Path, target: Path) -> Path:
        assert (folder / "record.json").is_file()
        return target / "page.html"

    monkeypatch.setattr(zslbench.report, "write_report", write_report, raising=False)
    text = run("--report", str(tmp_path / "page"), "--seeds", "0,1", method="chance").stdout
    for seed in (0, 1):
        assert str(tmp_path / "page" / f"seed-{seed}" / "page.html") in text


# ---------------------------------------------------------------------------------------- plan


def test_the_plan_names_every_slot_and_who_set_its_parameters(run: Any):
    plan = run("--set", "gate.cut_from=train").stderr
    rows = {line.split()[0]: line for line in plan.splitlines() if line.startswith("  ")}
    assert "flat" in rows["mapping"]
    assert "shrink=0.5 (recommended for this data set)" in rows["mapping"]
    assert "cut=seen_kept:0.8 (set by the method)" in rows["gate"]
    assert "cut_from=train (set by you)" in rows["gate"]
    assert "grey (the standard split)" in rows["unseen"]
    assert "5 % of the seen training images, split seed 0" in rows["held"]


def test_every_option_reaches_the_record(run: Any, tmp_path: Path):
    done = run(
        "--unseen", "red,blue", "--validation", "0.2", "--split-seed", "4", "--seed", "7",
        "--unseen-classifier", "nearest", "--set", "unseen_classifier.candidates=all",
        "--set", "mapping.shrink=0.25", "--gate", "none", "--set", "dataset.images=300",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    [record] = records(tmp_path)
    assert record.split.unseen == ["blue", "red"]
    assert (record.split.validation, record.split.split_seed, record.seed) == (0.2, 4, 7)
    assert record.slots["gate"].name == "none"
    assert record.slots["unseen_classifier"].params["candidates"] == "all"
    assert record.slots["mapping"].params["shrink"] == 0.25
    assert record.slots["mapping"].origins["shrink"] == "user"
    assert record.dataset.train_images == 300


def test_the_command_line_and_python_give_the_same_run(run: Any, tmp_path: Path):
    run("--seed", "3")
    places = {"out": tmp_path / "python", "cache_dir": tmp_path / "cache2"}
    record = zslbench.evaluate("tiny", "colours", seed=3, threads=1, plugins=[tiny], **places)
    [mine] = records(tmp_path)
    assert (mine.run_id, mine.scores) == (record.run_id, record.scores)


def test_a_reference_row_is_called_unranked(run: Any):
    done = run("--reference", "oracle")
    assert "reference row 'oracle', unranked" in done.stderr
    assert "unranked (reference row 'oracle')" in done.stdout


# -------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "mapping.shrunk=1"], 2, "did you mean 'shrink'?"),
        (["--set", "mapping.shrink=2"], 2, "must be float ≥ 0 and ≤ 1, got '2'"),
        (["--set", "shrink=2"], 2, "--set 'shrink=2' cannot be read: write SLOT.PARAM=VALUE"),
        (["--mapping", "flatt"], 2, "unknown mapping 'flatt': did you mean 'flat'?"),
        (["--unseen", "gray"], 2, "unseen class 'gray' does not exist: did you mean 'grey'"),
        (["--unseen", "blue,green,grey,red"], 2, "at least 2 must stay seen"),
        (["--unseen", ""], 2, "no unseen class"),
        (["--validation", "1"], 2, "validation must be ≥ 0 and < 1"),
        (["--seeds", "0-x"], 2, "seeds '0-x' cannot be read"),
        (["--seed", "1", "--seeds", "0-4"], 2, "exclude each other"),
        (["--set", "dataset.damage=empty class"], 3, "'red'"),
        (["--set", "backbone.fault=nan"], 4, "NaN"),
        (["--set", "mapping.fault=shape"], 4, "expected shape"),
        (["--set", "backbone.fault=interrupt"], 130, "interrupted; run the same command again"),
    ],
)
def test_what_cannot_be_is_one_error_with_its_code(
    run: Any, words: list[str], code: int, said: str
):
    done = run(*words)
    assert done.exit_code == code
    assert said.replace("expected shape", "expected") in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_absent_data_says_what_to_fetch_from_where_and_where_to_put_it(run: Any, tmp_path: Path):
    words = ["--offline", "--data-dir", str(tmp_path / "data")]
    done = run(*words, method="chance", dataset="cifar10")
    assert done.exit_code == 3
    error = done.stderr.splitlines()[-1]
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in error
    assert "sha256 6d958be0" in error
    assert f"put it at {tmp_path / 'data'}" in error


@pytest.mark.parametrize("option", ["--out", "--cache-dir"])
def test_a_place_that_refuses_is_the_environments_fault(run: Any, tmp_path: Path, option: str):
    (tmp_path / "file").write_text("in the way")
    done = run(option, str(tmp_path / "file" / "folder"))
    assert done.exit_code == 5
    assert f"choose another place with {option}" in done.stderr.splitlines()[-1]
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_missing_option_names_it(run: Any):
    done = CliRunner().invoke(main, ["run", "--dataset", "shapes"])
    assert done.exit_code == 2
    assert "no method: give --method NAME, or a plan; see 'zslbench list method'" in done.stderr


def test_all_seeds_run_and_the_gravest_code_counts(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from zslbench.runner import Runner
    from zslbench.runspec import Request

    failures = {1: zslbench.DataError("a"), 3: zslbench.EnvironmentFailure("b")}
    through = Runner.run

    def sometimes(runner: Runner, request: Request) -> zslbench.Record:
        if request.seed in failures:
            raise failures[request.seed]
        return through(runner, request)

    monkeypatch.setattr(Runner, "run", sometimes)
    done = run("--seeds", "0-4", method="chance")
    assert done.exit_code == 5
    assert [record.seed for record in records(tmp_path)] != []
    assert sorted(record.seed for record in records(tmp_path)) == [0, 2, 4]
    assert "error: seed 1: a" in done.stderr
    assert "error: seed 3: b" in done.stderr
    assert "seeds 0, 2, 4" in done.stdout


def test_an_interrupt_stops_the_other_seeds(run: Any, tmp_path: Path):
    done = run("--seeds", "0-4", "--set", "backbone.fault=interrupt")
    assert done.exit_code == 130
    found = records(tmp_path)
    assert [(record.seed, record.status) for record in found] == [(0, "failed")]
    assert found[0].error is not None
    assert found[0].error.exit_code == 130


# --------------------------------------------------------------------------------------- parsing


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-4", (0, 1, 2, 3, 4)),
        ("0,2,5", (0, 2, 5)),
        ("3", (3,)),
        ("7-8, 1", (7, 8, 1)),
        ("1,0-2", (1, 0, 2)),
    ],
)
def test_seeds_are_read(text: str, seeds: tuple[int, ...]):
    assert parse_seeds((), text) == seeds


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True))
def test_any_list_of_seeds_reads_back(seeds: list[int]):
    assert parse_seeds((), ",".join(map(str, seeds))) == tuple(seeds)


@pytest.mark.parametrize("text", ["", "-1", "4-0", "1-", "a", "1,,2", "0..4", "²"])
def test_other_seeds_are_refused(text: str):
    with pytest.raises(InputError, match="0-4"):
        parse_seeds((), text)


def test_one_seed_is_the_default():
    assert parse_seeds((), None) == (0,)
    assert parse_seeds((9, 4, 9), None) == (9, 4)


def test_settings_keep_equals_signs_and_all_values_of_a_name():
    settings = ("a.b=1", "c.d=x=y", "a.b=2", "e.f=")
    assert parse_settings(settings) == {"a.b": ["1", "2"], "c.d": ["x=y"], "e.f": [""]}


@pytest.mark.parametrize(
    ("codes", "code"),
    [([], 0), ([2, 3], 3), ([3, 1, 5], 1), ([5, 4], 5), ([2, 130], 130), ([4, 3, 2], 4)],
)
def test_the_worst_code(codes: list[int], code: int):
    assert worst(codes) == code


# --------------------------------------------------------------------------------------- progress


def test_a_log_gets_few_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """1,000 steps in 100 s: a line each tenth, with rate and time left."""
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    lines = Lines()
    lines.stage_started("features", "1,000 images")
    for done in range(1, 1001):
        clock[0] = done / 10
        lines.stage_progress("features", done, 1000)
    lines.stage_finished("features", 100.0, False)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "features … 1,000 images"
    assert said[-1] == "features: 1 min 40 s"
    assert len(said) == 1 + 10 + 1
    assert said[5].startswith("features: 500 of 1,000 (50%), 10/s, 50 s left")


def test_a_slow_stage_is_told_of_each_ten_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    lines = Lines()
    lines.stage_started("solve", "")
    for done in range(1, 101):  # 1 % each 0.5 s
        clock[0] += 0.5
        lines.stage_progress("solve", done, 100)
    assert len(capsys.readouterr().err.splitlines()) == 1 + 5


def test_cached_stages_say_so(capsys: pytest.CaptureFixture[str]):
    Lines().stage_finished("mapping", 0.0, True)
    assert capsys.readouterr().err == "mapping: cached\n"


def test_bars_leave_a_line_a_stage(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")
    with Bars() as bars:
        bars._bars.console.begin_capture()
        bars.stage_started("features", "9 [images]")
        bars.stage_progress("features", 3, 0)
        bars.stage_progress("features", 9, 9)
        bars.stage_finished("features", 2.0, False)
        bars.stage_finished("mapping", 0.0, True)
        bars.stage_started("solve", "another run is computing it: waiting")
        bars.stage_started("solve", "")
        assert len(bars._bars.tasks) == 1
        text = bars._bars.console.end_capture()
    assert "features … 9 [images]" in text
    assert "features: 2.0 s" in text
    assert "mapping: cached" in text


@pytest.mark.parametrize("display", [Lines, Bars])
def test_displays_are_plugins_like_any_other(display: Any, tmp_path: Path):
    class Tracker:
        ZSLBENCH_API = 1

        def __init__(self) -> None:
            self.stages: list[str] = []

        @hookimpl
        def stage_finished(self, stage: str, seconds: float, cached: bool) -> None:
            self.stages.append(stage)

    tracker = Tracker()
    with display() as shown:
        zslbench.evaluate(
            "tiny", "colours", threads=1, plugins=[tiny, tracker, shown],
            out=tmp_path / "out", cache_dir=tmp_path / "cache",
        )  # fmt: skip
    assert shown.started
    assert "mapping" in tracker.stages


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations(seconds: float, text: str):
    assert format_seconds(seconds) == text


def test_rates():
    assert [format_rate(r) for r in (1063.4, 12.0, 2.44, 0.051)] == [
        "1,063/s",
        "12/s",
        "2.4/s",
        "0.051/s",
    ]


# -------------------------------------------------------------------------------------- data sets


def test_data_list_and_fetch_say_what_is_there(tmp_path: Path):
    listed = CliRunner().invoke(main, ["data", "list", "--data-dir", str(tmp_path)])
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert "drawn" in rows["shapes"]
    assert "absent" in rows["cifar10"]
    fetched = CliRunner().invoke(main, ["data", "fetch", "shapes", "--data-dir", str(tmp_path)])
    assert "shapes: drawn, nothing to fetch" in fetched.stdout
    assert list(tmp_path.iterdir()) == []


FETCHED = """
from tiny import Colours, RawDataset
from zslbench import ComponentSpec, DataError, hookimpl
ZSLBENCH_API = 1

class Far(Colours):
    def sources(self, places):
        path = places.data_dir / "far" / "far.bin"
        if not path.is_file():
            raise DataError(f"no far data in {places.data_dir}: fetch it")
        return (path,)

    def fetch(self, places):
        for done in (1, 500):
            places.progress(done, 500)
        path = places.data_dir / "far" / "far.bin"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(1500))
        return self.sources(places)

@hookimpl
def register_datasets(register):
    register(ComponentSpec("dataset", "far", "far_plugin:Far"))
"""


def test_fetch_brings_what_is_absent_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "far_plugin.py").write_text(FETCHED)
    monkeypatch.delitem(sys.modules, "far_plugin", raising=False)
    folder = tmp_path / "data"
    options = ["--data-dir", str(folder), "--plugin", str(tmp_path / "far_plugin.py")]

    def data(*words: str) -> str:
        done = CliRunner().invoke(main, ["data", *words, *options])
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert re.search(r"^far +absent +no far data", data("list"), re.MULTILINE)
    assert "far: fetched" in data("fetch", "far")
    assert f"far: present, nothing to fetch ({folder / 'far'} (1.5 kB))" in data("fetch", "far")
    assert re.search(r"^far +present", data("list"), re.MULTILINE)
    monkeypatch.delitem(sys.modules, "far_plugin", raising=False)


def test_a_card_shows_checksums_settings_and_how_to_get_what_is_absent(tmp_path: Path):
    words = ["data", "card", "cifar10", "--data-dir", str(tmp_path), "--cache-dir", str(tmp_path)]
    text = CliRunner().invoke(main, words).stdout
    for said in (
        "50,000 training + 10,000 test",
        "cat, truck (the standard split",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        f"put it at {tmp_path}",
        "Krizhevsky",
    ):
        assert said in text
    shapes = CliRunner().invoke(main, ["data", "card", "shapes", "--cache-dir", str(tmp_path)])
    assert re.search(r"backbone/coates2011\.bases +\d+", shapes.stdout)
    assert "duplicates  counted once its images are in the cache" in shapes.stdout


def test_a_card_counts_exact_duplicates_of_a_data_set_in_the_cache(run: Any, tmp_path: Path):
    run(method="chance")
    words = ["data", "card", "colours", "--plugin", TINY, "--cache-dir", str(tmp_path / "cache")]
    text = CliRunner().invoke(main, words).stdout
    [record] = records(tmp_path)
    assert record.dataset.fingerprint in text
    counts = record.dataset.duplicates
    assert f"exact: {counts['train']} within training, {counts['test']} within test" in text


def test_json_of_a_record_is_what_was_printed(run: Any, tmp_path: Path):
    """The printed record path leads to the record of this very run."""
    path = re.search(r"^record +(\S+)$", run("--seed", "2").stdout, re.MULTILINE)
    assert path is not None
    assert json.loads(Path(path[1]).read_text())["seed"] == 2
