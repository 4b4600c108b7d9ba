"""Distractors: words that no image is of, among the candidates (Socher et al. 2013, § 6.7)."""

import sys
from types import MappingProxyType

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

import zslbench
from zslbench import ComponentSpec, hookimpl
from zslbench.contracts import ClassTable, WordVectors
from zslbench.errors import InputError
from zslbench.leaderboard.rows import row
from zslbench.predictions import read_predictions
from zslbench.replay import replay_command
from zslbench.tasks import with_distractors

ZSLBENCH_API = 1
pytestmark = pytest.mark.filterwarnings("ignore:.*nearly equal vectors to grey and ash")
WORDS = MappingProxyType(
    {
        **dict(zip(tiny.CLASSES, tiny.COLOURS / 100.0, strict=True)),
        "ash": np.array([1.23, 1.2, 1.18]),  # next to grey
        "black": np.array([0.0, 0.0, 0.0]),
        "gold": np.array([2.5, 2.0, 0.0]),
    }
)


class Names(tiny.Rgb):
    """More colours than there are classes."""

    def vectors(self, words, *, sentences, places, context):
        return WordVectors({w: WORDS[w] for w in words if w in WORDS})


class Doubled(tiny.Flat):
    """Both sides brought into a space of its own."""

    def transform(self, X):
        return 2 * super().transform(X)

    def transform_classes(self, S):
        return 2 * S


@hookimpl
def register_embeddings(register):
    register(ComponentSpec("embedding", "names", f"{__name__}:Names"))


@hookimpl
def register_mappings(register):
    register(ComponentSpec("mapping", "doubled", f"{__name__}:Doubled", params=SHRINK))


SHRINK = (
    zslbench.Param("shrink", "float", 1.0, "unused", minimum=0, maximum=1),
    zslbench.Param("fault", "str", "none", "what goes wrong"),
)


@pytest.fixture
def run(tmp_path):
    def run(*distractors, candidates="unseen+distractors", mapping="flat", **options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache"} | options
        return zslbench.evaluate(
            "tiny",
            "colours",
            slots={"embedding": "names", "mapping": mapping} | options.pop("slots", {}),
            set={"unseen_classifier.candidates": candidates},
            distractors=distractors,
            threads=1,
            plugins=[tiny, sys.modules[__name__]],
            **options,
        )

    return run


def predictions(tmp_path, record):
    return read_predictions(tmp_path / "out" / "runs" / record.run_id[:16] / "predictions.parquet")


def test_a_table_knows_its_candidates():
    table = with_distractors(ClassTable(("a", "b", "c"), ("seen", "unseen", "seen")), ("x", "y"))
    assert table.candidates("seen").tolist() == [0, 2]
    assert table.candidates("unseen").tolist() == [1]
    assert table.candidates("all").tolist() == [0, 1, 2]
    assert table.candidates("unseen+distractors").tolist() == [1, 3, 4]
    assert table.candidates("all+distractors").tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.sampled_from(("seen", "unseen")), min_size=1), st.integers(0, 4))
def test_distractors_never_move_a_class(roles, count):
    names = tuple(map(str, range(len(roles))))
    words = tuple(f"word {i}" for i in range(count))
    before, after = ClassTable(names, tuple(roles)), None
    after = with_distractors(before, words)
    for which in ("seen", "unseen", "all"):
        assert after.candidates(which).tolist() == before.candidates(which).tolist()
    assert len(after.candidates("all+distractors")) == len(names) + count


@pytest.mark.parametrize("mapping", ["flat", "doubled"])
def test_an_image_goes_to_the_nearest_word_distractors_too(run, tmp_path, mapping):
    words = ("ash", "black", "gold")
    record = run(*words, mapping=mapping)
    given = predictions(tmp_path, record)
    alone = predictions(tmp_path, run(candidates="unseen", mapping=mapping))
    table = (*tiny.CLASSES, *words)
    grey = table.index("grey")
    assert set(np.unique(given.zsl_label)) <= {grey, 5, 6, 7}
    assert len(np.unique(given.zsl_label)) > 1
    assert np.array_equal(given.known_label, alone.known_label)
    assert np.array_equal(given.margin, alone.margin)  # nothing but the candidates has changed
    # On the mapped points themselves, brought back from what the least squares would give.
    X, S = _mapped(), np.array([WORDS[name] for name in table])
    others = np.array([grey, 5, 6, 7])
    nearest = others[((X[:, None] - S[others]) ** 2).sum(axis=2).argmin(axis=1)]
    assert (nearest == given.zsl_label).mean() > 0.95  # float32 along the way


def _mapped():
    """Test images of the tiny set in the words' space, by NumPy alone, in canonical order."""
    import hashlib

    data = tiny.Colours().load(None)
    (train,), (test,) = list(data.train()), list(data.test())
    seen = train.labels != tiny.CLASSES.index("grey")
    X = train.images.mean(axis=(1, 2))[seen]
    S = np.array([WORDS[name] for name in tiny.CLASSES])[train.labels[seen]]
    W = np.linalg.lstsq(np.c_[X, np.ones(len(X))], S, rcond=None)[0]
    ids = [hashlib.sha256(image.tobytes()).digest() for image in test.images]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    T = test.images.mean(axis=(1, 2))[order]
    return np.c_[T, np.ones(len(T))] @ W


def test_distractors_can_only_cost(run):
    without, with_them = run(candidates="unseen").scores, run("ash").scores
    assert with_them.T1 < without.T1
    assert with_them.seen_accuracy == without.seen_accuracy
    assert with_them.novelty == without.novelty
    confusion = np.array(with_them.confusion)
    assert confusion.shape == (5, 5)
    lost = np.array(without.confusion).sum() - confusion.sum()
    assert lost > 0  # images labelled "ash" are in no column


def test_no_distractor_is_the_plain_run_and_its_id_does_not_change(run):
    plain = run(candidates="unseen")
    assert plain.split.distractors == []
    assert run(candidates="unseen+distractors").scores == plain.scores
    assert run("ash").run_id != run("gold").run_id


def test_what_is_learnt_is_shared(run):
    run(candidates="unseen")
    stages = {stage.stage: stage.cached for stage in run("ash", "gold").stages}
    assert stages["mapping"]
    assert stages["novelty"]
    assert stages["seen classifier"]
    assert not stages["unseen classifier"]


def test_the_row_and_the_command_name_them(run):
    record = run("gold", "ash")
    assert record.split.distractors == ["ash", "gold"]
    assert row(record)["distractors"].startswith("2:")
    assert "--distractors ash,gold" in replay_command(record)
    assert record.embedding.resolved["gold"] == "gold"


def test_no_gate_chooses_among_all_words(run, tmp_path):
    record = run("ash", candidates="unseen", slots={"gate": "none"})
    assert 5 in predictions(tmp_path, record).zsl_label


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("red",), {}, "'red' is a class"),
        (("ash", "ash"), {}, "'ash' is a class, or named twice"),
        ((" ",), {}, "no word"),
        (("ash",), {"candidates": "unseen"}, "unseen_classifier.candidates=unseen"),
    ],
)
def test_bad_distractors_are_clear_errors(run, words, options, message):
    with pytest.raises(InputError, match=message):
        run(*words, **options)


def test_a_distractor_without_a_vector_is_named(run):
    with pytest.raises(zslbench.DataError, match="'unicorn'"):
        run("unicorn")


def test_a_dry_run_knows_that_distractors_are_another_run(run, tmp_path):
    run(candidates="unseen+distractors")

    def finished(distractors):
        planned = zslbench.plan_grid(
            "tiny",
            "colours",
            slots={"embedding": "names", "mapping": "flat"},
            set={"unseen_classifier.candidates": "unseen+distractors"},
            distractors=distractors,
            threads=1,
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
            plugins=[tiny, sys.modules[__name__]],
        )
        return [estimate.finished for estimate in planned.estimates]

    assert finished(()) == [True]
    assert finished(("gold",)) == [False]
