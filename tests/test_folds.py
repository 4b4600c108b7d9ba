"""Folds: who plays unseen, what is fitted without them, and a detector that learns from them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import zslbench
from zslbench import ComponentSpec, Recipe
from zslbench.contracts import ClassTable, Context, Fold, View
from zslbench.errors import InputError
from zslbench.folds import deal
from zslbench_plugins.novelty.logistic_distance import LogisticDistanceDetector

sys.path.insert(0, str(Path(__file__).parent))
import tiny
from stranger import plugin

NAMES = st.lists(st.text("abcdef", min_size=1, max_size=6), min_size=4, max_size=20, unique=True)


@given(names=NAMES, count=st.integers(2, 4), split_seed=st.integers(0, 5))
def test_every_seen_class_plays_unseen_once(names, count, split_seed):
    groups = deal(names, count, split_seed=split_seed)
    assert sorted(name for group in groups for name in group) == sorted(names)
    sizes = [len(group) for group in groups]
    assert len(groups) == count
    assert max(sizes) - min(sizes) <= 1
    assert groups == deal(names[::-1], count, split_seed=split_seed)


def test_the_split_seed_deals_them_out_anew():
    names = [f"class {i}" for i in range(16)]
    assert deal(names, 4, split_seed=0) != deal(names, 4, split_seed=1)


@pytest.mark.parametrize(("classes", "count"), [(3, 2), (5, 6)])
def test_too_few_seen_classes_are_named(classes, count):
    with pytest.raises(InputError, match=f"there are {classes}"):
        deal([f"c{i}" for i in range(classes)], count, split_seed=0)


# ------------------------------------------------------------------ what the pipeline hands over


class Asking:
    """Keeps the folds that it was given."""

    inputs = frozenset({"X", "Z", "logits", "prototypes"})
    needs_folds = True
    given = ()

    def __init__(self, folds=4):
        self.folds = folds

    def fit(self, view, y, classes, *, context, folds):
        type(self).given = folds
        type(self).view = view
        return self

    def novelty(self, view):
        return np.square(view.Z).sum(axis=1)


def offer_asking(register):
    spec = ComponentSpec("novelty", "asking", f"{__name__}:Asking", summary="asks for folds",
                         params=(zslbench.Param("folds", "int", 4, "how many"),))  # fmt: skip
    register(spec)


@pytest.fixture
def run(tmp_path):
    def run(**options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", **options}
        slots = {"novelty": "asking", **options.pop("slots", {})}
        return zslbench.evaluate(
            "tiny", "colours", slots=slots, threads=1,
            plugins=[tiny, plugin("asking", register_novelty=offer_asking)], **options,
        )  # fmt: skip

    return run


def test_what_is_fitted_for_a_fold_has_not_seen_its_classes(run):
    record = run()
    folds = Asking.given
    assert len(folds) == 4
    seen = {"blue", "green", "red", "white"}
    left_out = [seen - set(fold.classes.names) for fold in folds]
    assert sorted(name for names in left_out for name in names) == sorted(seen)
    for fold in folds:
        c = len(fold.classes.names)
        assert (c, len(fold.classes.seen)) == (3, 3)
        assert fold.train.logits.shape[1] == fold.train.prototypes.shape[0] == c
        assert fold.classes.embedding.values.shape[0] == c
        assert set(np.unique(fold.y)) == set(range(c))
        assert len(fold.train.X) == len(fold.train.Z) == len(fold.y)
        assert len(fold.evaluation.X) == len(fold.is_pseudo_unseen)
        np.testing.assert_allclose(fold.train.X.mean(axis=0), 0, atol=1e-4)
        assert 0 < fold.is_pseudo_unseen.sum() < len(fold.is_pseudo_unseen)
    assert any("fold 1 of 4" in stage.stage for stage in record.stages)


def test_folds_are_computed_once_and_shared(run):
    run()
    first = Asking.given
    record = run(seed=0, set={"gate.cut": "seen_kept:0.5"}, force=True)
    assert [s.cached for s in record.stages if "mapping, fold" in s.stage] in ([], [True] * 4)
    assert all(
        np.array_equal(a.train.Z, b.train.Z) for a, b in zip(first, Asking.given, strict=True)
    )


def test_without_held_out_images_there_are_no_folds(run):
    with pytest.raises(InputError, match="validation"):
        run(validation=0.0, set={"gate.cut_from": "train"})


# ------------------------------------------------------------------------------ the detector


def fold_of(near, far, classes=3, seed=0):
    """Images at distances ``near`` from their class, and ``far`` from all, in 6 dimensions."""
    rng = np.random.default_rng(seed)
    prototypes = (100 * np.eye(classes, 6)).astype(np.float32)
    n = len(near) + len(far)
    direction = rng.normal(size=(n, 6))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    centres = prototypes[np.arange(n) % classes]
    Z = centres + np.concatenate([near, far])[:, None] * direction
    view = View(Z=Z.astype(np.float32), prototypes=prototypes)
    table = ClassTable(tuple("abcdef"[:classes]), ("seen",) * classes)
    novel = np.repeat([False, True], [len(near), len(far)])
    return Fold(view, np.arange(n) % classes, table, view, novel)


def fit(*folds):
    table = ClassTable(tuple("abcd"), ("seen",) * 3 + ("unseen",))
    prototypes = (100 * np.eye(4, 6)).astype(np.float32)
    view = View(Z=folds[0].train.Z, prototypes=prototypes)
    return LogisticDistanceDetector().fit(view, folds[0].y, table, context=Context(), folds=folds)


def test_it_is_scikit_learns_regression_on_the_distance():
    rng = np.random.default_rng(3)
    near, far = rng.gamma(4, 1, 400), rng.gamma(9, 1, 100)
    fitted = fit(fold_of(near, far))
    distances = np.concatenate([near, far])
    theirs = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-10).fit(
        distances[:, None], np.repeat([0, 1], [400, 100])
    )
    assert fitted.slope_ == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert fitted.intercept_ == pytest.approx(theirs.intercept_[0], rel=1e-3)


def test_an_image_near_an_unseen_word_alone_is_novel():
    rng = np.random.default_rng(3)
    fitted = fit(fold_of(rng.gamma(4, 1, 400), rng.gamma(9, 1, 100)))
    prototypes = (100 * np.eye(4, 6)).astype(np.float32)
    view = View(Z=prototypes, prototypes=prototypes)  # on each of the four words, the last unseen
    novelty, p = fitted.novelty(view), fitted.p_unseen(view)
    assert (novelty[:3] < 0).all()
    assert novelty[3] > 0
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-novelty)))


def test_equal_weights_whatever_the_numbers():
    rng = np.random.default_rng(4)
    near, far = rng.gamma(4, 1, 2000), rng.gamma(9, 1, 2000)
    few, all_of_them = fit(fold_of(near, far[:200])), fit(fold_of(near, far))
    cut = -few.intercept_ / few.slope_
    assert cut == pytest.approx(-all_of_them.intercept_ / all_of_them.slope_, rel=0.1)


def test_a_mapping_that_collapses_everything_is_named():
    with pytest.raises(InputError, match="same distance"):
        fit(fold_of(np.full(30, 0.0), np.full(10, 0.0)))


def test_the_summarys_recipe_is_one_of_ordinary_parts():
    recipe = zslbench.Registry.discover().find("method", "socher2013-summary")[0].spec.recipe
    assert isinstance(recipe, Recipe)
    assert recipe.slots["novelty"] == "logistic-distance"
    assert recipe.params["gate.cut"] == "probability:0.5"
