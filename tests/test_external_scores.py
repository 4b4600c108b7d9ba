"""Predictions made elsewhere: the numbers of a run where they tell as much, null where they don't.

An exported run of ``shapes`` is held against its record; smaller cases against plain loops.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from score_cases import cases, mean_recall

import zslbench
from zslbench.contracts import ClassTable
from zslbench.dataset_cache import DatasetCache
from zslbench.errors import DataError, InputError
from zslbench.external.given import Given, read_given
from zslbench.external.metrics import NEEDS, score_given
from zslbench.hashes import FileHashes
from zslbench.images import StoredDataset
from zslbench.leaderboard.rows import SCORES, row, to_csv
from zslbench.leaderboard.statistics import group_rows, rank
from zslbench.monitor import Monitor
from zslbench.predictions import read_predictions
from zslbench.record import PartialScores, Record, read_record, schema
from zslbench.registry import Registry
from zslbench.score import Scores
from zslbench.store import Store

BRANCHES = ("known_label", "novel_label", "zsl_label")
UNTOLD = {"curve_kind", "tied"}  # no columns but scores say these


@dataclass(frozen=True)
class Exported:
    """A run's record, its stored predictions as columns, and its data."""

    record: Record
    columns: dict[str, np.ndarray]
    data: StoredDataset
    folder: Path
    plugins: tuple[Any, ...] = ()

    @property
    def scores(self) -> dict[str, Any]:
        assert self.record.scores is not None
        return self.record.scores.model_dump()

    def score(self, columns: dict[str, Any], ending: str = ".npz", **options: Any) -> Record:
        path = self.folder / f"mine{ending}"
        write(path, columns)
        name = self.record.dataset.component.name
        asked = {"out": self.folder / "out", "cache_dir": self.folder / "cache", **options}
        return zslbench.score_predictions(path, name, plugins=self.plugins, **asked)


def write(path: Path, columns: dict[str, Any]) -> None:
    if path.suffix == ".csv":
        pd.DataFrame(columns).to_csv(path, index=False)
    elif path.suffix == ".npz":
        np.savez(path, **columns)
    else:
        pq.write_table(pa.table({name: pa.array(v) for name, v in columns.items()}), path)


def export(method: str, dataset: str, folder: Path, *plugins: Any, **options: Any) -> Exported:
    record = zslbench.evaluate(
        method, dataset, threads=1, plugins=plugins,
        out=folder / "out", cache_dir=folder / "cache", **options,
    )  # fmt: skip
    stored = Store(folder / "out").prediction(record.run_id)
    data = open_data(dataset, folder, plugins)
    names = np.array(data.class_names)
    columns = {name: names[getattr(stored, name)] for name in BRANCHES}
    taken = stored.margin > 0
    columns["label"] = np.where(taken, columns["known_label"], columns["novel_label"])
    numbers = {"margin": stored.margin, "novelty": stored.novelty}
    columns |= {name: values for name, values in numbers.items() if values is not None}
    columns["position"] = np.arange(len(taken))
    # Whatever order a file has, it is the same file.
    order = np.random.default_rng(5).permutation(len(taken))
    return Exported(record, {k: v[order] for k, v in columns.items()}, data, folder, plugins)


def open_data(dataset: str, folder: Path, plugins: Any) -> StoredDataset:
    registry = Registry.discover(plugins)
    places = zslbench.contracts.Places(folder / "data", folder / "cache", offline=True)
    hashes, monitor = FileHashes(folder / "cache/hashes"), Monitor(registry.manager.hook)
    return DatasetCache(registry, hashes, places, monitor).open(
        registry.resolve("dataset", dataset)
    ).data  # fmt: skip


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A gated run on shapes with features that cost nothing."""
    folder = tmp_path_factory.mktemp("shapes")
    slots = {"backbone": "pixels", "mapping": "linear"}
    return export("socher2013", "shapes", folder, slots=slots)


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export("tiny", "colours", tmp_path_factory.mktemp("colours"), tiny)


def pick(exported: Exported, *names: str) -> dict[str, np.ndarray]:
    return {name: exported.columns[name] for name in ("position", "label", *names)}


# ------------------------------------------------------------------------- the numbers of a run


@pytest.mark.parametrize("ending", [".csv", ".npz", ".parquet"])
def test_an_exported_run_gets_every_number_of_its_record(shapes: Exported, ending: str):
    record = shapes.score(shapes.columns, ending)
    assert record.scores is not None
    mine, runs = record.scores.model_dump(), shapes.scores
    assert {name for name in runs if mine[name] != runs[name]} == UNTOLD
    assert [mine[name] for name in sorted(UNTOLD)] == [None, None]


def test_rows_by_image_id_are_rows_by_position(shapes: Exported):
    columns = dict(shapes.columns)
    hexed = np.array([bytes(digest).hex().upper() for digest in shapes.data.test.ids])
    columns["id"] = hexed[columns.pop("position")]
    by_id, by_position = shapes.score(columns, ".csv"), shapes.score(shapes.columns)
    assert by_id.scores == by_position.scores


def test_indices_and_names_are_the_same_labels(shapes: Exported):
    names = list(shapes.data.class_names)
    as_index = {
        name: np.array([names.index(v) for v in values]) if name.endswith("label") else values
        for name, values in shapes.columns.items()
    }
    for ending in (".csv", ".npz"):
        assert shapes.score(as_index, ending).scores == shapes.score(shapes.columns).scores


def test_labels_follow_from_the_other_columns(shapes: Exported):
    columns = {name: v for name, v in shapes.columns.items() if name != "label"}
    assert shapes.score(columns).scores == shapes.score(shapes.columns).scores


def test_labels_and_novelty_alone_get_what_they_tell_and_no_more(shapes: Exported):
    record = shapes.score(pick(shapes, "novelty"))
    assert isinstance(record.scores, PartialScores)
    mine, runs = record.scores.model_dump(), shapes.scores
    untold = {name for names in NEEDS.values() for name in names}
    assert {name for name, value in mine.items() if value is None} >= untold
    shared = set(runs) - untold - {"H_se", "novelty", "per_class"}
    assert {"u", "s", "H", "seen_accuracy", "u_se", "confusion", "classes_without_images"} < shared
    assert {name for name in shared if mine[name] != runs[name]} == set()
    assert mine["H_se"] == pytest.approx(runs["H_se"], rel=0.1)  # the same up to tied novelty
    for name, value in runs["novelty"].items():
        close = pytest.approx(value, rel=0.1) if name.endswith("_se") else value
        assert mine["novelty"][name] == close, name
    for ours, theirs in zip(mine["per_class"], runs["per_class"], strict=True):
        assert ours == theirs | {"group_accuracy": None}


def test_each_column_brings_its_own_scores(shapes: Exported):
    bare = shapes.score(pick(shapes)).scores
    assert bare is not None
    assert bare.novelty is None
    assert bare.T1 is None
    brought = {
        "zsl_label": {"T1", "T1_se", "zsl_accuracy", "zsl_accuracy_se"},
        "known_label": set(NEEDS["known_label"]),
        "margin": set(NEEDS["margin"]),
        "novel_label": set(),
    }
    for column, names in brought.items():
        scores = shapes.score(pick(shapes, column)).scores
        assert scores is not None
        mine, before = scores.model_dump(), bare.model_dump()
        told = {name for name in mine if mine[name] is not None and before[name] is None}
        assert told == names, column
        assert all(mine[name] == shapes.scores[name] for name in names)
    curve = shapes.score(pick(shapes, "known_label", "novel_label", "margin")).scores
    assert curve is not None
    assert shapes.scores["AUSUC"] == curve.AUSUC
    assert curve.curve is not None
    assert curve.T1 is None


@given(cases(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_leaving_columns_out_changes_no_score_that_stays(
    case: Any, known: bool, novel: bool, zsl: bool, margin: bool
):
    p = case.prediction
    whole = case.score().model_dump()
    told = Given(
        answer=case.final,
        known_label=p.known_label if known else None,
        novel_label=p.novel_label if novel else None,
        zsl_label=p.zsl_label if zsl else None,
        margin=p.margin if margin else None,
        novelty=p.novelty,
    )
    part = score_given(told, case.labels, case.classes, resamples=0).model_dump()
    for ours, theirs in zip(part.pop("per_class"), whole.pop("per_class"), strict=True):
        there = known if ours["role"] == "seen" else zsl
        assert ours == (theirs if there else theirs | {"group_accuracy": None})
    for name, value in part.items():
        assert value is None or value == whole[name], name
    y = case.labels.y
    assert part["u"] == pytest.approx(mean_recall(y, case.final, case.classes.unseen))
    assert part["s"] == pytest.approx(mean_recall(y, case.final, case.classes.seen))
    assert (part["AUSUC"] is None) == (not (known and novel and margin))
    assert (part["T1"] is None) == (not zsl)


# ---------------------------------------------------------------------------------------- scores


def draw_scores(colours: Exported, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, c) in canonical order, and the true labels."""
    y = colours.data.test.labels
    S = np.random.default_rng(seed).normal(size=(len(y), 5)) + 1.5 * np.eye(5)[y]
    return S.astype(np.float32), y


def test_scores_over_all_classes_say_everything(colours: Exported):
    S, y = draw_scores(colours)
    names = np.array(colours.data.class_names)
    record = colours.score({"position": np.arange(len(y)), "scores": S, "classes": names})
    scores = record.scores
    assert type(scores) is Scores
    unseen = colours.data.class_names.index("grey")
    seen = [c for c in range(5) if c != unseen]
    answer = S.argmax(axis=1)
    assert scores.overall_accuracy == np.mean(answer == y)
    assert scores.s == pytest.approx(mean_recall(y, answer, seen))
    best_seen = np.array(seen)[S[:, seen].argmax(axis=1)]
    assert scores.known_accuracy == np.mean(best_seen[y != unseen] == y[y != unseen])
    assert scores.T1 == 1.0  # one unseen class
    assert (scores.curve_kind, scores.tied, scores.novelty) == ("stacking", 0.0, None)
    # AUSUC by Chao et al.: a constant taken off all seen scores, in a plain loop.
    S64 = S.astype(np.float64)
    gaps = np.unique(np.float32(S64[:, seen].max(axis=1) - S64[:, unseen]))
    points = []
    for constant in [-np.inf, *((gaps[1:] + gaps[:-1]) / 2), np.inf]:
        moved = S64.copy()
        moved[:, seen] -= constant
        a = np.where(np.isneginf(constant), best_seen, moved.argmax(axis=1))
        points.append((mean_recall(y, a, [unseen]), mean_recall(y, a, seen)))
    u, s = np.array(points).T
    assert float(np.trapezoid(s, u)) == pytest.approx(scores.AUSUC, abs=1e-6)


def test_score_columns_are_the_matrix_whatever_their_order(colours: Exported):
    S, y = draw_scores(colours)
    names, position = colours.data.class_names, np.arange(len(y))
    order = [3, 0, 4, 2, 1]
    shuffled = {
        "position": position, "scores": S[:, order], "classes": np.array(names)[order],
    }  # fmt: skip
    expected = colours.score(
        {"position": position, "scores": S, "classes": np.array(names)}
    ).scores  # fmt: skip
    assert colours.score(shuffled).scores == expected
    columns = {"position": position, "label": S.argmax(axis=1)}
    columns |= {f"score_{names[i]}": S[:, i] for i in order}
    for ending in (".csv", ".parquet", ".npz"):
        assert colours.score(columns, ending).scores == expected


def test_scores_are_decided_as_a_run_without_a_gate_decides(colours: Exported, tmp_path: Path):
    """The run's joint classifier: minus the squared distance of its mapped images."""
    slots = {"gate": "none", "unseen_classifier": "nearest"}
    run = export("tiny", "colours", tmp_path, tiny, slots=slots)
    prediction = read_predictions(
        Store(tmp_path / "out").folder(run.record.run_id) / "predictions.parquet"
    )
    S = np.full((len(prediction.margin), 5), -1e3)
    rows = np.arange(len(S))
    S[rows, prediction.known_label] = prediction.margin
    S[rows, prediction.novel_label] = 0.0
    names = np.array(run.data.class_names)
    mine = run.score({"position": rows, "scores": S, "classes": names}).scores
    assert mine is not None
    assert mine.model_dump() == run.scores | {"novelty": None, "tied": mine.tied}


# ------------------------------------------------------------------------------------- the record


def test_the_record_is_external_unsealed_unranked_and_holds_no_path(colours: Exported):
    columns = pick(colours, "novelty")
    record = colours.score(columns)
    assert (record.status, record.external, record.sealed, record.ranked) == (
        "finished", True, False, False,
    )  # fmt: skip
    assert (record.method.name, record.method.distribution) == ("mine", "external")
    [[base, sha256]] = record.method.contents
    assert base == "mine.npz"
    assert sha256 == FileHashes(colours.folder / "notes").of(colours.folder / "mine.npz")
    text = record.model_dump_json()
    assert str(colours.folder) not in text
    store = Store(colours.folder / "out")
    assert store.get(record.run_id) == record
    jsonschema.Draft202012Validator(schema()).validate(json.loads(text))
    assert not (store.folder(record.run_id) / "predictions.parquet").exists()
    named = colours.score(columns, name="ours, 2031")
    assert named.method.name == "ours, 2031"
    assert named.run_id != record.run_id


def test_a_whole_prediction_is_stored_in_canonical_order(colours: Exported):
    record = colours.score(colours.columns)
    stored = Store(colours.folder / "out").prediction(record.run_id)
    runs = Store(colours.folder / "out").prediction(colours.record.run_id)
    for name in (*BRANCHES, "margin", "novelty"):
        assert np.array_equal(getattr(stored, name), getattr(runs, name))


def test_a_complete_external_record_reads_back_as_it_was(colours: Exported):
    S, y = draw_scores(colours)
    names = np.array(colours.data.class_names)
    columns = {"position": np.arange(len(y)), "scores": S, "classes": names}
    record = colours.score(columns)
    assert Store(colours.folder / "out").get(record.run_id) == record


def test_it_has_a_row_marked_as_reference_rows_are(colours: Exported):
    record = colours.score(pick(colours, "novelty"))
    frame = pd.read_csv(colours.folder / "out" / "colours.csv").set_index("run")
    mine, runs = frame.loc[record.run_id[:16]], frame.loc[colours.record.run_id[:16]]
    assert (mine["ranked"], mine["reference"]) == (False, "external")
    assert pd.isna(mine["T1"])
    assert pd.isna(mine["AUSUC"])
    assert mine["H"] == runs["H"]
    # No column is there for its sake: published CSVs stay as they are.
    runs_alone = to_csv([colours.record])
    assert runs_alone.splitlines() == [
        line for line in to_csv([record, colours.record]).splitlines() if "external" not in line
    ]
    sections = rank(group_rows(row(r) for r in (record, colours.record)))
    assert [section.ranked for section in sections] == [True, False]
    assert [g.rank for g in sections[1].groups] == [None]


def test_records_from_before_still_load_and_runs_are_sealed(colours: Exported, tmp_path: Path):
    value = json.loads(colours.record.model_dump_json())
    assert value.pop("external") is False
    assert value.pop("sealed") is True
    (tmp_path / "record.json").write_text(json.dumps(value))
    assert read_record(tmp_path / "record.json") == colours.record


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranked": True}, "neither sealed nor ranked"),
        ({"sealed": True}, "neither sealed nor ranked"),
        ({"external": False, "sealed": True}, "only an external record may lack some"),
        ({"scores": {"u": 7}}, r"damaged at scores\.u: "),
        ({"scores": {"H": None}}, r"damaged at scores\.H: "),
    ],
)
def test_a_record_cannot_pretend(
    colours: Exported, tmp_path: Path, change: dict[str, Any], message: str
):
    value = json.loads(colours.score(pick(colours)).model_dump_json())
    scores = value["scores"] | change.get("scores", {})
    (tmp_path / "record.json").write_text(json.dumps(value | change | {"scores": scores}))
    with pytest.raises(DataError, match=message):
        read_record(tmp_path / "record.json")


def test_a_runs_record_may_lack_no_score(colours: Exported, tmp_path: Path):
    value = json.loads(colours.record.model_dump_json())
    value["scores"]["T1"] = None
    (tmp_path / "record.json").write_text(json.dumps(value))
    with pytest.raises(DataError, match="scores are absent"):
        read_record(tmp_path / "record.json")


def test_the_nullable_scores_are_those_that_need_a_column():
    nullable = {
        name
        for name in Scores.model_fields
        if Scores.model_fields[name].annotation != PartialScores.model_fields[name].annotation
    }
    already = {"AUSUC_se", "h_oracle_se", "unseen_at_70_seen", "unseen_at_70_seen_se", "u_at_70_s"}
    assert nullable | already == {name for names in NEEDS.values() for name in names}
    assert list(Scores.model_fields) == list(PartialScores.model_fields)
    assert set(SCORES) <= set(Scores.model_fields)


# -------------------------------------------------------------------------------- what is refused


def without(columns: dict[str, Any], *rows: int) -> dict[str, Any]:
    return {name: np.delete(values, rows) for name, values in columns.items()}


def again(columns: dict[str, Any], *rows: int) -> dict[str, Any]:
    return {name: np.append(values, values[list(rows)]) for name, values in columns.items()}


def swap(columns: dict[str, Any], name: str, value: Any, rows: int = 1) -> dict[str, Any]:
    values = np.array(columns[name], dtype=object)
    values[:rows] = value
    return columns | {name: np.array(values.tolist())}


def test_missing_double_and_unknown_images_are_counted_and_named(colours: Exported):
    columns = {k: v[np.argsort(colours.columns["position"])] for k, v in pick(colours).items()}
    bad = without(again(columns, 4, 4, 9), 0, 1, 2, 3, 5)
    bad["position"] = np.where(bad["position"] == 99, 123, bad["position"])
    with pytest.raises(InputError) as refusal:
        colours.score(bad)
    text = str(refusal.value)
    assert "each of the 100 test images" in text
    assert "missing: 6 (0, 1, 2, …); too often: 2 (4, 9); unknown: 1 (123)" in text
    with pytest.raises(InputError, match=r"unknown: 1 \(-1\)"):
        colours.score(columns | {"position": columns["position"] - 1})


def test_missing_double_and_unknown_ids_are_counted_and_named(colours: Exported):
    ids = [bytes(digest).hex() for digest in colours.data.test.ids]
    columns = {"id": np.array(ids), "label": np.zeros(100, dtype=int)}
    swapped = columns | {"id": np.array([ids[1], *ids[1:99], "ab" * 32])}
    with pytest.raises(InputError) as refusal:
        colours.score(swapped)
    assert f"missing: 2 ({ids[0][:16]}…, {ids[99][:16]}…)" in str(refusal.value)
    assert f"too often: 1 ({ids[1][:16]}…); unknown: 1 ({'ab' * 8}…)" in str(refusal.value)


CLASSES = ClassTable(("a", "b", "c"), ("seen", "seen", "unseen"))


def test_images_that_repeat_take_the_rows_of_their_id_in_order():
    ids = np.repeat(np.arange(3, dtype=np.uint8), [2, 1, 3])[:, None].repeat(32, axis=1)
    hexed = [bytes(row).hex() for row in ids]
    file_order = [5, 0, 2, 3, 1, 4]
    labels = np.array([0, 1, 2, 0, 1, 2])
    columns = {"id": np.array([hexed[i] for i in file_order]), "label": labels}
    answer = read_given("f", columns, ids, CLASSES).answer
    # id 0: file rows 1, 4; id 1: row 2; id 2: rows 0, 3, 5.
    assert answer.tolist() == labels[[1, 4, 2, 0, 3, 5]].tolist()
    with pytest.raises(InputError, match="missing: 1"):
        read_given("f", {k: v[1:] for k, v in columns.items()}, ids, CLASSES)


@given(st.permutations(range(12)), st.integers(0, 2**32))
def test_the_order_of_the_rows_tells_nothing(order: list[int], seed: int):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.integers(0, 256, (12, 1), np.uint8), axis=0).repeat(32, axis=1)
    columns = {
        "position": np.arange(12), "label": rng.integers(0, 3, 12),
        "zsl_label": np.full(12, 2), "novelty": rng.normal(size=12),
    }  # fmt: skip
    plain = read_given("f", columns, ids, CLASSES)
    moved = read_given("f", {k: v[order] for k, v in columns.items()}, ids, CLASSES)
    assert np.array_equal(plain.answer, moved.answer)
    assert np.array_equal(plain.answer, columns["label"])
    assert plain.novelty is not None
    assert np.array_equal(plain.novelty, moved.novelty)
    assert np.array_equal(plain.novelty, columns["novelty"].astype(np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: swap(c, "label", "gray"), "1 .gray. that are no classes: did you mean 'grey'"),
        (lambda c: swap(c, "known_label", "grey", 3), "3 .grey, grey, grey.; allowed are the seen"),
        (lambda c: swap(c, "zsl_label", "red"), "1 .red.; allowed are the unseen classes grey"),
        (lambda c: c | {"label": np.full(100, 5)}, r"100 \(5, 5, 5, …\); allowed are the classes"),
        (
            lambda c: c | {"label": np.full(100, 0.5)},
            r"must hold integers|100 \(0.5, 0.5, 0",
        ),
        (
            lambda c: swap(c, "novelty", np.nan, 2),
            r"'novelty' holds 2 (NaN|\('', ''\) that)",
        ),
        (lambda c: c | {"noveltly": c["novelty"]}, "unknown column 'noveltly': did you mean"),
        (lambda c: c | {"score_red": c["novelty"]}, "no scores of 4 .blue, green, grey, ….; write"),
        (lambda c: c | {"p_unseen": np.full(100, 2.0)}, "outside 0 … 1"),
        (lambda c: c | {"id": c["label"]}, "have both 'id' and 'position'"),
        (lambda c: {"label": c["label"]}, "have neither 'id' nor 'position'"),
        (lambda c: {"position": c["position"]}, "have no column 'label'"),
        (lambda c: c | {"margin": -c["margin"]}, "contradicts the other columns at positions"),
        (lambda c: {"position": c["position"], "id": c["position"]}, "have both"),
        (lambda c: {"id": c["label"], "label": c["label"]}, "no 64 hex digits"),
        (lambda c: c | {"novelty": c["label"]}, "'novelty' holds 100 .'.+ that are no numbers"),
    ],
)
def test_what_cannot_be_is_named(colours: Exported, change: Any, message: str):
    for ending in (".npz", ".csv"):
        with pytest.raises(InputError, match=message):
            colours.score(change(dict(colours.columns)), ending)


def test_scores_and_what_they_say_already_are_refused_together(colours: Exported):
    S, _ = draw_scores(colours)
    names, position = np.array(colours.data.class_names), np.arange(100)
    columns = {"position": position, "scores": S, "classes": names}
    with pytest.raises(InputError, match="what the scores say already"):
        colours.score(columns | {"margin": S[:, 0]})
    with pytest.raises(InputError, match="contradicts the other columns"):
        colours.score(columns | {"label": (S.argmax(axis=1) + 1) % 5})
    with pytest.raises(InputError, match="NaN or infinity"):
        colours.score(columns | {"scores": np.where(S > 2, np.inf, S)})
    with pytest.raises(InputError, match="names of its columns"):
        colours.score({"position": position, "scores": S})
    with pytest.raises(InputError, match="unknown column 'score_mauve'"):
        colours.score(columns | {"classes": np.array(["mauve", *names[1:]])})


class Planted:
    """What an unpickled file could run."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("planted"),))


def test_nothing_is_unpickled(colours: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    labels = np.array([*colours.columns["label"][1:], Planted()], dtype=object)
    with pytest.raises(InputError, match="'label' holds Python objects, which only unpickling"):
        colours.score({"position": colours.columns["position"], "label": labels})
    np.save(tmp_path / "one.npy", labels, allow_pickle=True)
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(DataError, match="cannot be read"):
        zslbench.score_predictions(tmp_path / "one.npz", "colours", plugins=[tiny], out=tmp_path)
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.npz", b"PK nonsense", DataError, "cannot be read"),
        ("a.npz", b"", DataError, "cannot be read"),
        ("a.parquet", b"PAR1 nonsense PAR1", DataError, "cannot be read"),
        ("a.csv", b"\xff\xfe\x00", DataError, "cannot be read"),
        ("a.csv", b"", InputError, "hold no columns"),
        ("a.csv", b"position,label\n0,red,1\n", InputError, "row 0 has 3 cells"),
        ("a.csv", b"position,label,label\n0,red,1\n", InputError, "'label' more than once"),
        ("a.csv", b"position,label\n", InputError, r"missing: 100 \(0, 1, 2, …\)"),
        ("a.pkl", b"", InputError, r"allowed are .csv, .npz, .parquet"),
        ("a", b"", InputError, r"ends in 'nothing'"),
    ],
)
def test_files_that_cannot_be_read(
    colours: Exported, tmp_path: Path, name: str, content: bytes, error: Any, message: str
):
    (tmp_path / name).write_bytes(content)
    places = {"out": tmp_path / "out", "cache_dir": colours.folder / "cache"}
    with pytest.raises(error, match=message):
        zslbench.score_predictions(tmp_path / name, "colours", plugins=[tiny], **places)
    assert not (tmp_path / "out").exists()


def test_an_absent_file_is_absent_data(tmp_path: Path):
    with pytest.raises(DataError, match="absent or no file"):
        zslbench.score_predictions(tmp_path / "no.csv", "colours", plugins=[tiny], out=tmp_path)


def test_empty_cells_of_a_parquet_file_are_counted(colours: Exported):
    labels = [None, *colours.columns["label"][1:].tolist()]
    with pytest.raises(InputError, match="'label' has 1 empty cells"):
        colours.score(pick(colours) | {"label": labels}, ".parquet")
    with pytest.raises(InputError, match="'label' is of type list"):
        colours.score(pick(colours) | {"label": [[1]] * 100}, ".parquet")


def test_categories_of_a_parquet_file_are_labels(colours: Exported):
    path = colours.folder / "categories.parquet"
    frame = pd.DataFrame(pick(colours)).astype({"label": "category"})
    frame.to_parquet(path, index=False)
    places = {"out": colours.folder / "out", "cache_dir": colours.folder / "cache"}
    record = zslbench.score_predictions(path, "colours", plugins=[tiny], **places)
    assert record.scores == colours.score(pick(colours)).scores


def test_another_split_is_another_task(colours: Exported):
    record = colours.score(pick(colours), unseen=["red", "white"])
    assert record.split.unseen == ["red", "white"]
    assert not record.split.standard
    assert record.scores is not None
    assert record.scores.unseen_images == 40
    with pytest.raises(InputError, match="did you mean 'grey'"):
        colours.score(pick(colours), unseen=["gray"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"set": {"mapping.shrink": 1}}, "only the data set has parameters"),
        ({"set": {"dataset.imagess": 1}}, "did you mean 'images'"),
        ({"name": " "}, "is empty"),
    ],
)
def test_options_that_cannot_be(colours: Exported, options: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        colours.score(pick(colours), **options)


def test_a_parameter_of_the_data_set_is_recorded(colours: Exported):
    record = colours.score(pick(colours), set={"dataset.images": "300"})
    assert record.dataset.component.params["images"] == 300
    assert record.dataset.component.origins["images"] == "user"


def test_infinite_margins_and_novelty_are_numbers(colours: Exported):
    taken = np.where(colours.columns["margin"] > 0, np.inf, -np.inf)
    columns = colours.columns | {"margin": taken}
    for ending in (".csv", ".npz"):
        scores = colours.score(columns, ending).scores
        assert scores is not None
        assert scores.curve is not None
        assert scores.curve.measured == 3
        assert colours.scores["H"] == scores.H


def test_replacing_a_prediction_with_its_parts_changes_no_bit(colours: Exported):
    """float32 as stored, float64 as a csv gives them: the same scores."""
    wide = {
        name: v.astype(np.float64) if v.dtype == np.float32 else v
        for name, v in colours.columns.items()
    }
    assert colours.score(wide, ".csv").scores == colours.score(colours.columns).scores
    assert replace(Given(np.zeros(1, np.int64)), tied=0.5).prediction is None
