"""``zslbench score``: what is asked reaches the record, and what it found reaches the user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from click.testing import CliRunner, Result

import zslbench
from zslbench.cli import main
from zslbench.record import Record, read_record

TINY = str(Path(tiny.__file__))


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """Answers and novelty of the 100 images of ``colours``."""
    rng = np.random.default_rng(0)
    lines = [f"{i},{rng.choice(tiny.CLASSES)},{rng.normal():.6f}" for i in range(100)]
    path = tmp_path / "ours.csv"
    path.write_text("\n".join(["position,label,novelty", *lines]) + "\n")
    return path


@pytest.fixture
def score(tmp_path: Path, predictions: Path) -> Any:
    def call(*words: str, path: Path | None = None) -> Result:
        folders = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
        asked = ["score", str(path or predictions), "--dataset", "colours", "--plugin", TINY]
        return CliRunner().invoke(main, [*asked, *folders, *words])

    return call


def records(tmp_path: Path) -> list[Record]:
    return [read_record(path) for path in sorted(tmp_path.glob("out/runs/*/record.json"))]


def test_the_table_shows_what_is_told_and_names_what_is_not(score: Any, tmp_path: Path):
    done = score()
    assert done.exit_code == 0, done.stderr
    [record] = records(tmp_path)
    assert record.scores is not None
    assert done.stdout.lstrip().startswith("ours on colours: made elsewhere")
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    for name in ("u", "s", "H", "overall_accuracy"):
        assert rows[name][1] == f"{100 * getattr(record.scores, name):.1f}"
        assert rows[name][3] == f"{100 * getattr(record.scores, name + '_se'):.1f}"
    assert record.scores.novelty is not None
    assert rows["AUROC"][1] == f"{100 * record.scores.novelty.AUROC:.1f}"
    assert not {"T1", "AUSUC", "known_accuracy"} & set(rows)
    assert "not scored  T1, AUSUC, known_accuracy: ours.csv does not tell" in done.stdout
    assert re.search(r"^standing +external, unsealed, unranked$", done.stdout, re.MULTILINE)


def test_it_says_where_the_files_are_and_they_are_there(score: Any):
    text = score().stdout
    for name in ("record", "all runs"):
        path = re.search(rf"^{name} +(\S+)$", text, re.MULTILINE)
        assert path is not None
        assert Path(path[1]).is_file(), name
    assert not re.search(r"^predictions", text, re.MULTILINE), "they are not whole: none is stored"


def test_the_command_line_and_python_give_the_same_record(
    score: Any, tmp_path: Path, predictions: Path
):
    words = ["--unseen", "red,blue", "--set", "dataset.images=300", "--name", "theirs"]
    done = score(*words, "--offline")
    assert done.exit_code == 0, done.stderr
    [mine] = records(tmp_path)
    record = zslbench.score_predictions(
        predictions,
        "colours",
        unseen=["red", "blue"],
        set={"dataset.images": 300},
        name="theirs",
        out=tmp_path / "python",
        cache_dir=tmp_path / "cache2",
        plugins=[tiny],
    )
    assert (mine.run_id, mine.scores) == (record.run_id, record.scores)
    assert mine.split.unseen == ["blue", "red"]
    assert mine.method.name == "theirs"
    assert mine.dataset.train_images == 300


def test_asked_again_it_gives_the_same_row_once(score: Any, tmp_path: Path):
    score()
    before = (tmp_path / "out/colours.csv").read_bytes()
    assert score().exit_code == 0
    assert (tmp_path / "out/colours.csv").read_bytes() == before
    assert len(records(tmp_path)) == 1


def test_it_is_shown_beside_runs_and_without_a_rank(score: Any, tmp_path: Path):
    folders = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    run = ["run", "--plugin", TINY, "--method", "chance", "--dataset", "colours"]
    assert CliRunner().invoke(main, [*run, *folders, "--threads", "1"]).exit_code == 0
    score()
    words = ["leaderboard", "show", "colours", "--out", str(tmp_path / "out")]
    lines = CliRunner().invoke(main, words).stdout.splitlines()
    assert any(re.match(r"1 +chance", line) for line in lines)
    assert any(re.match(r" +ours · external", line) for line in lines)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--set", "mapping.shrink=1"], 2, "only the data set has parameters"),
        (["--set", "dataset.images"], 2, "cannot be read: write SLOT.PARAM=VALUE"),
        (["--set", "dataset.images=1", "--set", "dataset.images=2"], 2, "sets it again"),
        (["--unseen", "gray"], 2, "did you mean 'grey'"),
        (["--unseen", ""], 2, "no unseen class"),
        (["--dataset", "colors"], 2, "did you mean 'colours'"),
        (["--set", "dataset.damage=empty class"], 3, "'red'"),
    ],
)
def test_what_cannot_be_is_one_error_with_its_code(
    score: Any, words: list[str], code: int, said: str
):
    done = score(*words)
    assert done.exit_code == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_file_of_another_data_set_is_refused(score: Any, predictions: Path, tmp_path: Path):
    lines = predictions.read_text().splitlines()
    predictions.write_text("\n".join(lines[:51]))
    done = score()
    assert done.exit_code == 2
    assert "missing: 50 (50, 51, 52, …)" in done.stderr
    absent = score(path=tmp_path / "absent.csv")
    assert absent.exit_code == 3
    assert "absent or no file" in absent.stderr
    assert not (tmp_path / "out").exists()


def test_a_place_that_refuses_is_the_environments_fault(score: Any, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    done = score("--out", str(tmp_path / "file" / "folder"))
    assert done.exit_code == 5
    assert "choose another place with --out" in done.stderr.splitlines()[-1]


def test_help_tells_the_columns():
    text = CliRunner().invoke(main, ["score", "--help"]).stdout
    for column in ("position", "id", "label", "zsl_label", "novelty", "margin", "score_CLASS"):
        assert column in text


def test_publishing_is_refused_and_nothing_is_published(score: Any, tmp_path: Path):
    score()
    [record] = records(tmp_path)
    folders = ["--out", str(tmp_path / "out"), "--to", str(tmp_path / "boards")]
    done = CliRunner().invoke(main, ["leaderboard", "publish", record.run_id, *folders])
    assert done.exit_code == 2
    assert "is external, of predictions made elsewhere" in done.stderr
    assert not (tmp_path / "boards").exists()


def test_its_section_says_made_elsewhere(score: Any, tmp_path: Path):
    score()
    words = ["leaderboard", "show", "colours", "--out", str(tmp_path / "out")]
    text = CliRunner().invoke(main, words).stdout
    assert text.startswith("not ranked (made elsewhere, unsealed): unknown")


def test_the_command_that_repeats_it_is_known(score: Any, tmp_path: Path):
    import shlex

    from zslbench.cli.score import score as command
    from zslbench.replay import replay_command

    score("--set", "dataset.images=300", "--name", "a; b")
    [record] = records(tmp_path)
    words = shlex.split(replay_command(record))
    assert words[:3] == ["zslbench", "score", "<ours.csv>"]
    found = command.make_context("score", [w for w in words[2:] if w != "--plugin"][:-1]).params
    assert (found["name"], found["settings"]) == ("a; b", ("dataset.images=300",))


def test_a_report_is_of_a_run(score: Any, tmp_path: Path):
    from zslbench.errors import InputError
    from zslbench.report import write_report
    from zslbench.store import Store

    score()
    [record] = records(tmp_path)
    with pytest.raises(InputError, match="made elsewhere"):
        write_report(Store(tmp_path / "out").folder(record.run_id), tmp_path / "page")
