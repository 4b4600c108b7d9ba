"""Softmax against scikit-learn, its certificate, and the nearest word against SciPy's distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.classifiers.nearest_word import NearestWordClassifier
from zslbench_plugins.classifiers.softmax import SoftmaxClassifier

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "seen", "seen"))
SEEN = np.array([0, 2, 3])


def blobs(n, d, seed=0):
    """Overlapping classes a, c and d, on axes of falling scale."""
    rng = np.random.default_rng(seed)
    y = SEEN[np.arange(n) % 3]
    centres = rng.normal(size=(4, d))
    X = (centres[y] + 2 * rng.normal(size=(n, d))) * (5 / np.arange(1, d + 1) ** 0.7)
    return X.astype(np.float32), y


def objective(W, X, y, ridge):
    """The loss and its gradient in float64, from their definitions."""
    logits = X.astype(np.float64) @ W.astype(np.float64).T
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    hot = y[:, None] == SEEN
    loss = -np.log(p[hot]).mean() + ridge / 2 * np.square(W, dtype=np.float64).sum()
    return loss, (p - hot).T @ X / len(X) + ridge * W


def fit(X, y, **params):
    return SoftmaxClassifier(**params).fit(
        View(X=X), y, CLASSES, candidates="seen", context=Context(seed=3)
    )


@pytest.mark.parametrize(("n", "d"), [(300, 12), (60, 150)], ids=["n > d", "d > n"])
def test_softmax_is_scikit_learns_solution(n, d):
    X, y = blobs(n, d)
    ridge = 1e-2
    ours = fit(X, y, ridge=ridge, gap=1e-6)
    theirs = LogisticRegression(fit_intercept=False, C=1 / (ridge * n), tol=1e-9, max_iter=10_000)
    theirs.fit(X.astype(np.float64), y)
    np.testing.assert_allclose(
        ours.decision(View(X=X)), X @ theirs.coef_.T, rtol=0, atol=0.01 * np.abs(X).max()
    )
    assert ours.loss_ <= objective(theirs.coef_, X, y, ridge)[0] * (1 + 1e-6)


@given(gap=st.sampled_from([0.1, 1e-2, 1e-4]), ridge=st.sampled_from([1e-3, 1e-1]))
@settings(max_examples=6)
def test_the_gap_is_certified_by_the_gradient(gap, ridge):
    X, y = blobs(200, 30)
    fitted = fit(X, y, ridge=ridge, gap=gap)
    loss, gradient = objective(fitted.W_, X, y, ridge)
    assert np.square(gradient).sum() / (2 * ridge) <= 1.01 * gap * loss
    assert fitted.loss_ == pytest.approx(loss, rel=1e-5)
    tight, _ = objective(fit(X, y, ridge=ridge, gap=1e-6).W_, X, y, ridge)
    assert loss - tight <= 1.01 * gap * loss


def test_rows_that_were_not_sampled_count_too():
    X, y = blobs(9000, 12)
    fitted = fit(X, y, gap=1e-3)
    loss, gradient = objective(fitted.W_, X, y, fitted.ridge)
    assert np.square(gradient).sum() / (2 * fitted.ridge) <= 1.01e-3 * loss


def test_features_and_mapped_point_are_one_vector_of_features():
    X, y = blobs(200, 10)
    Z = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    model = SoftmaxClassifier(reads="features+mapped", gap=1e-6)
    model.fit(View(X=X, Z=Z), y, CLASSES, candidates="seen", context=Context(seed=3))
    alone = fit(np.concatenate([X, Z], axis=1), y, gap=1e-6)
    np.testing.assert_array_equal(model.W_, alone.W_)
    assert model.inputs == {"X", "Z"}
    assert SoftmaxClassifier().inputs == {"X"}
    with pytest.raises(InputError, match=r"features\+mapped"):
        model.decision(View(X=X))


def test_a_hundred_classes_are_solved_as_well():
    rng = np.random.default_rng(0)
    centres, y = rng.normal(size=(100, 20)), np.arange(2000) % 100
    X = (centres[y] + rng.normal(size=(2000, 20))).astype(np.float32)
    table = ClassTable(tuple(f"{i:03d}" for i in range(101)), ("seen",) * 100 + ("unseen",))
    fitted = SoftmaxClassifier().fit(View(X=X), y, table, candidates="seen", context=Context())
    theirs = LogisticRegression(fit_intercept=False, C=1 / (1e-3 * 2000), max_iter=10_000)
    W = theirs.fit(X.astype(np.float64), y).coef_
    log_p = log_softmax(X @ W.T, axis=1)[np.arange(2000), y]
    assert fitted.loss_ <= 1.01 * (-log_p.mean() + 5e-4 * np.square(W).sum())


def test_constant_columns_do_not_matter():
    X, y = blobs(200, 20)
    padded = np.concatenate([X, np.zeros((len(X), 5), np.float32)], axis=1)
    fitted = fit(padded, y)
    assert np.all(fitted.W_[:, 20:] == 0)
    assert fitted.loss_ == pytest.approx(fit(X, y).loss_, rel=0.01)


def test_a_candidate_class_without_images_is_named():
    X, y = blobs(60, 5)
    with pytest.raises(InputError, match="'b'"):
        SoftmaxClassifier().fit(View(X=X), y, CLASSES, candidates="all", context=Context())


def test_too_few_passes_are_a_failure_that_says_what_to_raise():
    X, y = blobs(300, 40)
    with pytest.raises(InputError, match="max_passes"):
        fit(X, y, ridge=1e-5, gap=1e-9, max_passes=2)


def test_all_classes_give_a_column_each():
    X, y = blobs(120, 10)
    y = np.where(np.arange(120) < 30, 1, y)
    fitted = SoftmaxClassifier().fit(View(X=X), y, CLASSES, candidates="all", context=Context())
    assert fitted.decision(View(X=X)).shape == (120, 4)


def test_softmax_repeats_bit_for_bit_and_leaves_a_read_only_map_alone(tmp_path):
    X, y = blobs(1500, 40)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    first, second = fit(mapped, y), fit(mapped, y)
    assert np.array_equal(first.W_, second.W_)
    assert first.decision(View(X=mapped)).dtype == np.float32
    assert np.array_equal(np.load(tmp_path / "X.npy"), X)


def nearest(Z, prototypes, metric, candidates="unseen"):
    view = View(Z=Z, prototypes=prototypes, metric=metric)
    fitted = NearestWordClassifier().fit(
        view, np.zeros(len(Z), np.int64), CLASSES, candidates=candidates, context=Context()
    )
    return fitted.decision(view)


@pytest.mark.parametrize("candidates", ["seen", "unseen", "all"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_nearest_word_is_scipys_distance(metric, candidates):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(5000, 7)).astype(np.float32)
    prototypes = rng.normal(size=(4, 7)).astype(np.float32)
    columns = CLASSES.candidates(candidates)
    distances = cdist(Z.astype(float), prototypes[columns].astype(float), metric)
    expected = -(distances**2) if metric == "euclidean" else 1 - distances
    got = nearest(Z, prototypes, metric, candidates)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_near_ties_far_from_the_origin_come_out_right():
    Z = np.full((1, 3), 1000.0, np.float32)
    prototypes = np.full((4, 3), 1000.0, np.float32)
    prototypes[:, 0] += np.array([2, 1, 3, 1 + 2**-10], np.float32)
    scores = nearest(Z, prototypes, "euclidean", "all")[0]
    assert scores[1] > scores[3] > scores[0] > scores[2]  # ‖z‖² − 2zw + ‖w‖² in float32 ties them


def test_a_zero_vector_has_cosine_zero():
    Z = np.zeros((2, 3), np.float32)
    assert np.all(nearest(Z, np.eye(4, 3, dtype=np.float32), "cosine", "all") == 0)
