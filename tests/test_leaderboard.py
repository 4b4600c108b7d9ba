"""Published leaderboards: rebuilt to the byte, grouped and ranked by the protocol, checkable."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tiny
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from records import Drawn, draw, draw_failed, draw_ids, draw_prediction
from report_cases import component, digest

import zslbench
from zslbench.cli import main
from zslbench.errors import DataError, InputError
from zslbench.leaderboard.check import compare_values
from zslbench.leaderboard.names import name_groups
from zslbench.leaderboard.publish import check_run, find_run
from zslbench.leaderboard.rows import NOVELTY, SCORES, SETTINGS, row, to_csv
from zslbench.leaderboard.shelf import Shelf
from zslbench.leaderboard.statistics import group_rows, rank
from zslbench.predictions import read_ids, read_predictions, write_ids, write_predictions
from zslbench.record import Record, read_record, schema

TINY = str(Path(tiny.__file__))


def call(*words: object) -> Result:
    return CliRunner().invoke(main, ["leaderboard", *map(str, words)])


@pytest.fixture(scope="module")
def runs() -> list[Drawn]:
    """Two methods on three seeds, another setting, a reference row, an overlap."""
    linear = {"mapping": component("mapping", "linear", ridge=(0.1, "user"))}
    supervised = {"reference": "supervised", "ranked": False}
    return [
        *(draw(seed) for seed in range(3)),
        *(draw(seed, right=0.9, slots=linear) for seed in range(3)),
        draw(0, right=0.99, **supervised),
        draw(0, right=0.95, setting="train-unlabelled"),
        draw(0, right=0.97, overlap={"cow": "none", "emu": "overlap"}),
        draw(0, right=0.8, overlap={"cow": "unknown", "emu": "unknown"}),
    ]


@pytest.fixture(scope="module")
def many(runs: list[Drawn]) -> list[Record]:
    """Their records."""
    return [run.record for run in runs]


# -------------------------------------------------------------------------------------- publishing


def test_published_runs_give_the_same_csv_whatever_their_order(
    tmp_path: Path, runs: list[Drawn], many: list[Record]
):
    folders = [run.store(tmp_path / "out") for run in runs]
    done = call("publish", *folders, "--to", tmp_path / "a")
    assert done.exit_code == 0, done.stderr
    call("publish", *reversed(folders), "--to", tmp_path / "b")
    written = (tmp_path / "a/animals.csv").read_bytes()
    assert (tmp_path / "b/animals.csv").read_bytes() == written
    (tmp_path / "a/animals.csv").unlink()
    call("build", "animals", "--to", tmp_path / "a")
    assert (tmp_path / "a/animals.csv").read_bytes() == written == to_csv(many).encode()


def test_what_is_published_is_records_predictions_and_ids_once(tmp_path: Path):
    for seed in (0, 1):
        folder = draw(seed).store(tmp_path / "out")
        call("publish", folder, "--to", tmp_path / "boards")
    names = sorted(path.name for path in (tmp_path / "boards/records/animals").iterdir())
    runs = sorted(draw(seed).record.run_id[:16] for seed in (0, 1))
    images = f"test-images-{digest('animals')[:16]}.parquet"
    assert names == sorted([f"{r}{end}" for r in runs for end in (".json", ".parquet")] + [images])
    shelf = Shelf(tmp_path / "boards")
    [first, second] = shelf.records("animals")
    assert {first.seed, second.seed} == {0, 1}
    assert np.array_equal(shelf.ids(first), draw_ids())
    expected, _ = draw_prediction(first.seed)
    assert np.array_equal(shelf.prediction(first).margin, expected.margin)


def test_no_test_label_is_published(tmp_path: Path):
    call("publish", draw().store(tmp_path / "out"), "--to", tmp_path / "boards")
    columns = {
        name
        for path in tmp_path.glob("boards/records/animals/*.parquet")
        for name in pq.read_schema(path).names
    }
    given_labels = {"known_label", "novel_label", "zsl_label"}
    assert columns == given_labels | {"margin", "novelty", "sha256"}


def test_a_run_is_found_by_the_start_of_its_id_under_out(tmp_path: Path):
    draw().store(tmp_path / "out")
    record = draw().record
    done = call("publish", record.run_id[:8], "--out", tmp_path / "out", "--to", tmp_path / "b")
    assert done.exit_code == 0
    assert f"{record.run_id[:16]} plain, seed 0: published" in done.stdout
    again = call("publish", record.run_id[:8], "--out", tmp_path / "out", "--to", tmp_path / "b")
    assert "there already" in again.stdout
    missing = call("publish", "ffff", "--out", tmp_path / "out", "--to", tmp_path / "b")
    assert missing.exit_code == 2
    assert "matches no run" in missing.stderr


def test_a_failed_run_is_refused_and_nothing_is_published(tmp_path: Path):
    folders = [run.store(tmp_path / "out") for run in (draw(), draw_failed())]
    done = call("publish", *folders, "--to", tmp_path / "boards")
    assert done.exit_code == 2
    assert "failed (no vectors)" in done.stderr
    assert not (tmp_path / "boards").exists()


@pytest.mark.parametrize(
    "text",
    [
        "/data/vectors.txt",
        "~/vectors.txt",
        "C:\\vectors.txt",
        "file:///vectors.txt",
        str(Path.home() / "v"),
        "see grindelwald-7, port 3",
        "by elizabeth",
    ],
)
def test_a_record_that_names_a_place_is_refused(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(socket, "gethostname", lambda: "grindelwald-7")
    monkeypatch.setattr("getpass.getuser", lambda: "elizabeth")
    slots = {"mapping": component("mapping", "linear", start=([1, text], "user"))}
    folder = draw(slots=slots).store(tmp_path)
    run = find_run(str(folder), tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"slots\.mapping\.params\.start"):
        check_run(run)


def spoil(prediction: Any, what: str) -> Any:
    if what == "another label":
        known = prediction.known_label.copy()
        row = int(np.flatnonzero(prediction.margin > 0)[0])
        known[row] = {0: 1, 1: 0, 3: 0}[int(known[row])]
        return replace(prediction, known_label=known)
    if what == "an unseen label as known":
        return replace(prediction, known_label=np.full_like(prediction.known_label, 2))
    if what == "no novelty":
        return replace(prediction, novelty=None)
    short = {n: getattr(prediction, n)[1:] for n in ("known_label", "novel_label", "zsl_label")}
    return replace(prediction, **short, margin=prediction.margin[1:], novelty=None)


@pytest.mark.parametrize(
    "what", ["another label", "an unseen label as known", "no novelty", "an image less"]
)
def test_predictions_of_another_run_are_refused(tmp_path: Path, what: str):
    folder = draw().store(tmp_path)
    write_predictions(folder / "predictions.parquet", spoil(draw_prediction()[0], what))
    done = call("publish", folder, "--to", tmp_path / "boards")
    assert done.exit_code == 3
    assert "do not belong to record" in done.stderr


def test_damaged_predictions_are_named(tmp_path: Path):
    folder = draw().store(tmp_path)
    (folder / "predictions.parquet").write_bytes(b"PAR1 nonsense PAR1")
    done = call("publish", folder, "--to", tmp_path / "boards")
    assert done.exit_code == 3
    assert "predictions.parquet are absent or damaged" in done.stderr


@given(st.integers(0, 40))
def test_ids_read_back(tmp_path_factory: pytest.TempPathFactory, n: int):
    path = tmp_path_factory.mktemp("ids") / "ids.parquet"
    ids = np.random.default_rng(n).integers(0, 256, (n, 32), np.uint8)
    write_ids(path, ids)
    assert np.array_equal(read_ids(path), ids)


# ---------------------------------------------------------------------------------------- building


def test_check_tells_whether_a_csv_is_what_its_records_give(tmp_path: Path):
    call("publish", draw().store(tmp_path / "out"), "--to", tmp_path)
    assert call("build", "--all", "--check", "--to", tmp_path).exit_code == 0
    path = tmp_path / "animals.csv"
    path.write_text(path.read_text().replace("plain", "PLAIN"))
    done = call("build", "animals", "--check", "--to", tmp_path)
    assert done.exit_code == 2
    assert "line 2 differs" in done.stderr
    path.unlink()
    assert "absent" in call("build", "animals", "--check", "--to", tmp_path).stderr
    assert not path.exists(), "--check writes nothing"


@pytest.mark.parametrize("words", [["build"], ["build", "animals", "--all"]])
def test_build_wants_one_name_or_all(words: list[str], tmp_path: Path):
    done = call(*words, "--to", tmp_path)
    assert done.exit_code == 2
    assert "NAME of one leaderboard, or --all" in done.stderr


def test_an_unknown_leaderboard_suggests_one(tmp_path: Path):
    call("publish", draw().store(tmp_path / "out"), "--to", tmp_path)
    done = call("show", "animal", "--to", tmp_path)
    assert done.exit_code == 2
    assert "did you mean 'animals'?" in done.stderr


def test_a_csv_holds_no_times_and_whole_numbers_stay_whole(many: list[Record]):
    words = {"untrained": ["cow"], "counts": None, "metric": "euclidean", "dim": 3}
    words |= {"fingerprint": digest("words"), "resolved": {"cow": "cow"}}
    slower = many[1].model_copy(
        update={"stages": [many[1].stages[0].model_copy(update={"seconds": 99.0})]}
    )
    assert to_csv([many[0], slower]) == to_csv(many[:2])
    with_words = Record.model_validate({**draw(8).record.model_dump(), "embedding": words})
    frame = pd.read_csv(pd.io.common.StringIO(to_csv([*many, with_words])), dtype=str)
    column = frame.set_index("run")["untrained_words"]
    assert column[with_words.run_id[:16]] == "1"
    assert column[many[0].run_id[:16]] is np.nan


def test_a_rows_text_does_not_depend_on_the_other_rows(many: list[Record]):
    alone = {line for record in many for line in to_csv([record]).splitlines()}
    assert set(to_csv(many).splitlines()) == alone


# ---------------------------------------------------------------------------------------- grouping


def test_groups_are_pandas_means_and_deviations(many: list[Record]):
    rows = [row(record) for record in many]
    frame = pd.DataFrame(rows)
    grouped = frame.groupby(list(SETTINGS), dropna=False, sort=False)
    groups = group_rows(rows)
    assert len(groups) == grouped.ngroups == 6
    for group, (_, members) in zip(groups, grouped, strict=True):
        assert group.seeds == tuple(sorted(members["seed"]))
        for score in (*SCORES, *NOVELTY):
            summary, values = group.scores[score], members[score].astype(float)
            if values.isna().any():
                assert summary.mean is None
                continue
            assert summary.mean == pytest.approx(values.mean(), rel=1e-12)
            spread = values.std(ddof=1)
            assert summary.spread == (None if np.isnan(spread) else pytest.approx(spread))
            if f"{score}_se" in members:
                assert summary.error == pytest.approx(members[f"{score}_se"].mean(), rel=1e-12)


def test_h_is_averaged_over_seeds_not_made_of_averages(many: list[Record]):
    [group] = group_rows(row(record) for record in many[:3])
    u, s, harmonic = (group.scores[name].mean for name in ("u", "s", "H"))
    assert harmonic == pytest.approx(np.mean([record.scores.H for record in many[:3]]))
    assert harmonic != pytest.approx(2 * u * s / (u + s), abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"threads": 2},
        {"setting": "class-transductive"},
        {"versions": {"zslbench": "0.2.0"}},
        {"pipeline": {"version": 2}},
        {"slots": {"mapping": component("mapping", "linear")}},
        {"slots": {"mapping": component("mapping", "plain-mapping", width=(3, "user"))}},
    ],
)
def test_rows_that_differ_in_more_than_the_seed_are_apart(change: dict[str, Any]):
    groups = group_rows(row(record) for record in (draw(0).record, draw(1, **change).record))
    assert [group.seeds for group in groups] == [(0,), (1,)]


def test_a_component_whose_code_changed_is_another_row():
    old = draw(0).record
    new = component("mapping", "plain-mapping").model_copy(update={"source": digest("new")})
    groups = group_rows(row(record) for record in (old, draw(1, slots={"mapping": new}).record))
    assert len(groups) == 2
    assert len(set(name_groups(groups))) == 2, "they can be told apart when shown"


# ----------------------------------------------------------------------------------------- ranking


def test_ranks_are_within_setting_and_overlap_and_references_have_none(many: list[Record]):
    sections = rank(group_rows(row(record) for record in many))
    seen = [(s.setting, s.overlap, s.ranked, [g.rank for g in s.groups]) for s in sections]
    assert seen == [
        ("inductive", "none", True, [1, 2]),
        ("inductive", "some or unknown", True, [1, 2]),
        ("train-unlabelled", "none", True, [1]),
        ("inductive", "none", False, [None]),
    ]
    for section in sections:
        means = [group.scores["H"].mean for group in section.groups]
        assert means == sorted(means, reverse=True)


def test_equal_rows_share_a_rank():
    twins = [draw(0).record, draw(0, slots={"mapping": component("mapping", "twin")}).record]
    worse = draw(0, right=0.2, slots={"mapping": component("mapping", "worse")}).record
    [section] = rank(group_rows(row(record) for record in [*twins, worse]))
    assert [group.rank for group in section.groups] == [1, 1, 3]


def test_other_unseen_classes_are_another_competition():
    split = draw().record.split.model_copy(update={"unseen": ["ant", "emu"], "standard": False})
    sections = rank(group_rows(row(r) for r in (draw().record, draw(1, split=split).record)))
    assert [(s.unseen, s.standard) for s in sections] == [("cow+emu", True), ("ant+emu", False)]


def test_sets_that_one_rule_drew_are_one_row_with_their_spread():
    sets = [["ant", "bee"], ["ant", "emu"], ["bee", "cow"]]
    drawn = [
        draw(
            seed,
            split=draw().record.split.model_copy(
                update={"unseen": names, "drawn_by": "random:3", "drawn": sets, "standard": False,
                        "fingerprint": digest(str(names))}
            ),
            overlap=dict.fromkeys(names, "overlap" if "ant" in names else "none"),
        ).record
        for names in sets
        for seed in (0, 1)
    ]  # fmt: skip
    rows = [row(record) for record in [*drawn, draw(5).record]]
    for number, cells in enumerate(rows[:-1]):
        cells["data"] = f"of a folder, another for each set: {number // 2}"
    sections = rank(group_rows(rows))
    (group,) = next(s for s in sections if not s.standard).groups
    assert group.settings["unseen"] == "3 sets by random:3, split seed 0"
    assert group.overlap == "some or unknown"
    assert (group.seeds, group.sets) == ((0, 1), 3)
    values = np.array([record.scores.H for record in drawn]).reshape(3, 2)
    assert group.scores["H"].mean == pytest.approx(values.mean())
    assert group.scores["H"].spread == pytest.approx(values.mean(axis=1).std(ddof=1))
    assert len(sections) == 2, "the standard split is not mixed with them"


def test_the_standard_split_stands_alone_though_a_rule_drew_it_too():
    split = draw().record.split
    drawn = {"drawn_by": "random:2", "drawn": [["cow", "emu"], ["ant", "bee"]]}
    other = split.model_copy(update={"unseen": ["ant", "bee"], "standard": False, **drawn})
    records = [
        draw(0, split=split.model_copy(update=drawn)).record,
        draw(0, split=other, overlap={"ant": "none", "bee": "none"}).record,
        draw(1).record,
    ]
    sections = rank(group_rows(row(record) for record in records))
    assert [(s.standard, s.groups[0].seeds, s.groups[0].sets) for s in sections] == [
        (True, (0, 1), 1), (False, (0,), 2),
    ]  # fmt: skip


def test_a_name_says_what_sets_a_row_apart():
    wide = component("mapping", "plain-mapping", width=(9, "user"))
    records = [
        draw(0).record,
        draw(0, slots={"backbone": component("backbone", "pixels")}).record,
        draw(0, slots={"mapping": component("mapping", "linear")}).record,
        draw(0, slots={"mapping": wide}).record,
        draw(0, method=component("method", "chance"), slots={}).record,
    ]
    assert name_groups(group_rows(row(record) for record in records)) == (
        "plain",
        "plain · backbone=pixels",
        "plain · mapping=linear",
        "plain · mapping.width=9",
        "chance",
    )


def test_show_prints_mean_spread_and_sampling_error(
    tmp_path: Path, runs: list[Drawn], many: list[Record]
):
    folders = [run.store(tmp_path / "out") for run in runs]
    call("publish", *folders, "--to", tmp_path / "boards")
    for words in (["--to", tmp_path / "boards"], ["--out", tmp_path / "out"]):
        text = call("show", "animals", *words).stdout
        H = [record.scores.H for record in many[:3]]
        se = np.mean([record.scores.H_se for record in many[:3]])
        cell = f"{100 * np.mean(H):.1f}±{100 * np.std(H, ddof=1):.1f} ({100 * se:.1f})"
        line = next(x for x in text.splitlines() if cell in x)
        assert line.split()[0] == "2", "the linear rows are better"
        titles = [x for x in text.splitlines() if "pre-training overlap" in x]
        assert titles[-1].startswith("not ranked (told labels): inductive")


def test_show_marks_rows_that_were_one_of_several(tmp_path: Path):
    slots = {"mapping": component("mapping", "linear")}
    folders = [
        draw(0).store(tmp_path / "out"),
        draw(0, slots=slots, configurations=3).store(tmp_path / "out"),
    ]
    call("publish", *folders, "--to", tmp_path / "boards")
    shown = call("show", "animals", "--to", tmp_path / "boards")
    assert "plain · mapping=linear*" in shown.stdout
    assert "plain* " not in shown.stdout
    assert "asterisk" in shown.stdout + shown.stderr


# ---------------------------------------------------------------------------------------- checking


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A real run on the tiny data set, published."""
    record = zslbench.evaluate(
        "tiny", "colours", threads=1, plugins=[tiny],
        out=tmp_path / "out", cache_dir=tmp_path / "cache",
    )  # fmt: skip
    done = call("publish", record.run_id, "--out", tmp_path / "out", "--to", tmp_path / "boards")
    assert done.exit_code == 0, done.stderr
    return tmp_path / "boards"


def check(published: Path) -> Result:
    cache = published.with_name("cache")
    return call("check", "colours", "--to", published, "--cache-dir", cache, "--plugin", TINY)


def test_a_real_row_comes_out_again(published: Path):
    done = check(published)
    assert done.exit_code == 0, done.stderr
    assert "tiny, seed 0: ok" in done.stdout
    assert "1 rows come out again" in done.stdout


def test_a_prettier_score_is_found(published: Path):
    [path] = published.glob("records/colours/*.json")
    record = json.loads(path.read_text())
    record["scores"]["H"] = min(1.0, record["scores"]["H"] * 1.01 + 0.001)
    path.write_text(json.dumps(record))
    call("build", "colours", "--to", published)
    done = check(published)
    assert done.exit_code == 3
    assert "tiny, seed 0: DIFFERS" in done.stdout
    assert f"H: {record['scores']['H']} recorded" in done.stdout


def test_prettier_predictions_are_found(published: Path):
    path = next(p for p in published.glob("records/colours/*.parquet") if "images" not in p.name)
    prediction = read_predictions(path)
    write_predictions(path, replace(prediction, margin=-prediction.margin))
    done = check(published)
    assert done.exit_code == 3
    assert "AUSUC" in done.stdout


def test_images_of_another_data_set_are_found(published: Path):
    [path] = published.glob("records/colours/test-images-*.parquet")
    write_ids(path, read_ids(path)[::-1])
    assert "not those of the test images" in check(published).stdout


def test_a_csv_that_was_touched_is_found(published: Path):
    path = published / "colours.csv"
    path.write_text(path.read_text() + "\n")
    done = check(published)
    assert done.exit_code == 2
    assert "is not what its records give" in done.stderr


def test_differences_of_nested_values_are_named():
    old = {"a": [1.0, {"b": 2.0}], "c": None, "d": (1, 2), "e": 1.0}
    new = {"a": [1.0, {"b": 2.5}], "c": 0.0, "d": (1, 2, 3), "e": 1.0 + 1e-15}
    assert list(compare_values(old, new)) == [
        "a[1].b: 2.0 recorded, 2.5 now",
        "c: None recorded, 0.0 now",
        "d: 2 values recorded, 3 now",
    ]


def test_a_run_never_looks_at_leaderboards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Unreadable rubbish there, and no permission to list it, disturb no run."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "leaderboards/records/colours"
    folder.mkdir(parents=True)
    (folder / "0123456789abcdef.json").write_text("{ rubbish")
    (tmp_path / "leaderboards/colours.csv").write_text("rubbish")
    words = ["--plugin", TINY, "run", "--method", "chance", "--dataset", "colours"]
    done = CliRunner().invoke(main, [*words, "--threads", "1", "--cache-dir", "cache"])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "leaderboards/colours.csv").read_text() == "rubbish"


# ------------------------------------------------------------------------------------------ schema


def test_the_schema_checked_in_is_the_records():
    path = Path(__file__).parents[1] / "docs/record.schema.json"
    printed = call("schema").stdout
    assert json.loads(printed) == schema()
    assert path.read_text() == printed, "zslbench leaderboard schema > docs/record.schema.json"


def test_the_schema_accepts_records_and_refuses_others(tmp_path: Path):
    folder = draw().store(tmp_path)
    value = json.loads((folder / "record.json").read_text())
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(value)
    assert not validator.is_valid(value | {"host": "grindelwald"})
    assert not validator.is_valid(value | {"schema_version": 2})


def test_a_record_of_a_newer_schema_says_to_update(tmp_path: Path):
    folder = draw().store(tmp_path)
    value = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(value | {"schema_version": 2}))
    with pytest.raises(DataError, match="update zslbench"):
        read_record(folder / "record.json")
    done = call("publish", folder, "--to", tmp_path / "boards")
    assert done.exit_code == 3
