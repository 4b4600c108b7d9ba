"""Detectors on features, and the mapping that maps nothing: against SciPy and brute force."""

import tracemalloc
from dataclasses import replace

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, mahalanobis
from sklearn.covariance import ledoit_wolf

from zslbench import Registry
from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench.testing import check_component, samples
from zslbench_plugins.mappings.identity import IdentityMapping
from zslbench_plugins.novelty import knn
from zslbench_plugins.novelty.knn import NeighbourDetector
from zslbench_plugins.novelty.mahalanobis import MahalanobisDetector

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "seen", "seen"))


def draw(n, d, seed=0):
    """Features (n, d) of correlated dimensions round class means, and labels."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.resize([0, 2, 3], n)).astype(np.int64)
    centres = 3 * np.random.default_rng(9).normal(size=(4, d))
    spread = np.random.default_rng(8).normal(size=(d, d))
    return (centres[y] + rng.normal(size=(n, d)) @ spread).astype(np.float32), y


def fitted(detector, X, y, seed=0):
    return detector.fit(View(X=X), y, CLASSES, context=Context(seed=seed))


SMALL = {"mahalanobis": {}, "knn": {"k": 5}}  # the contract's classes have 20 images each


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("space", ["X", "Z"])
def test_each_keeps_the_contract_of_detectors_in_either_space(name, space):
    check_component(Registry.discover(), "novelty", name, {"space": space} | SMALL[name])


# ---------------------------------------------------------------------------- mahalanobis


def residuals(X, y):
    """Differences from class means, float64."""
    X = X.astype(np.float64)
    means = np.array([X[y == label].mean(axis=0) for label in CLASSES.seen])
    return X - means[np.searchsorted(CLASSES.seen, y)], means


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_mahalanobis_is_scipys_squared_distance_to_the_nearest_mean(shrinkage):
    X, y = draw(2500, 6)  # more than two blocks
    new = draw(40, 6, seed=1)[0]
    apart, means = residuals(X, y)
    C = apart.T @ apart / len(X)
    inverse = np.linalg.inv((1 - shrinkage) * C + shrinkage * np.trace(C) / 6 * np.eye(6))
    expected = [min(mahalanobis(x, mean, inverse) ** 2 for mean in means) for x in new]
    detector = fitted(MahalanobisDetector(shrinkage=shrinkage), X, y)
    np.testing.assert_allclose(detector.novelty(View(X=new)), expected, rtol=1e-6)


@given(st.integers(4, 60), st.integers(1, 12), st.integers(0, 99))
def test_the_shrinkage_of_ledoit_and_wolf_is_scikit_learns(n, d, seed):
    X, y = draw(n + 5, d, seed)
    expected = ledoit_wolf(residuals(X, y)[0], assume_centered=True)[1]
    assert fitted(MahalanobisDetector(), X, y).shrinkage_ == pytest.approx(expected, abs=1e-6)


def test_mapped_points_that_fill_few_dimensions_need_shrinkage_and_get_it_by_default():
    low, y = draw(300, 2)
    flat = (low @ np.random.default_rng(2).integers(-3, 4, size=(2, 9))).astype(np.float32)
    flat[:, -1] = 0
    with pytest.raises(InputError, match=r"no inverse.*novelty\.shrinkage"):
        fitted(MahalanobisDetector(shrinkage=0.0), flat, y)
    detector = fitted(MahalanobisDetector(), flat, y)
    far = flat[:5] + np.float32(50)
    assert detector.novelty(View(X=far)).min() > detector.novelty(View(X=flat)).max()


def test_mahalanobis_names_a_seen_class_without_images():
    X, y = draw(60, 3)
    with pytest.raises(InputError, match="'d'"):
        fitted(MahalanobisDetector(), X[y != 3], y[y != 3])


def test_a_covariance_that_does_not_fit_is_refused_before_it_is_made():
    X, y = np.zeros((6, 20_000), np.float32), np.array([0, 2, 3, 0, 2, 3])
    with pytest.raises(
        InputError, match=r"20,000 × 20,000.*7\.\d GB.*(memory_limit is 2|are free)"
    ):
        fitted(MahalanobisDetector(memory_limit=2.0), X, y)


def test_mahalanobis_takes_no_more_memory_than_was_told():
    X, y = draw(1500, 700)
    fitted(MahalanobisDetector(), X, y)
    tracemalloc.start()
    try:
        told = fitted(MahalanobisDetector(), X, y).fit_gb_ * 1e9
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told / 4 <= peak <= told, f"{peak / 1e6:.1f} MB, told {told / 1e6:.1f}"


# ------------------------------------------------------------------------------------ knn


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("k", [1, 7, 90])
def test_knn_is_the_kth_smallest_distance_of_brute_force(monkeypatch, k, normalise):
    monkeypatch.setattr(knn, "REFERENCES", 32)  # several blocks of both
    monkeypatch.setattr(knn, "QUERIES", 7)
    (X, y), new = draw(90, 5), draw(25, 5, seed=1)[0]
    detector = fitted(NeighbourDetector(k=k, normalise=normalise), X, y)

    def scaled(points):
        points = points.astype(np.float64)
        return points / np.linalg.norm(points, axis=1, keepdims=True) if normalise else points

    expected = np.sort(cdist(scaled(new), scaled(X)), axis=1)[:, k - 1]
    np.testing.assert_allclose(detector.novelty(View(X=new)), expected, rtol=1e-4)


def test_a_training_image_is_at_distance_0_from_itself_even_far_from_the_origin():
    X, y = draw(50, 4)
    X += np.float32(1000)
    for normalise in (False, True):
        detector = fitted(NeighbourDetector(k=1, normalise=normalise), X, y)
        assert detector.novelty(View(X=X[:1])).tolist() == [0.0]


def test_length_tells_nothing_once_it_is_normalised():
    (X, y), new = draw(60, 4), draw(5, 4, seed=1)[0]
    detector = fitted(NeighbourDetector(k=3), X, y)
    longer = detector.novelty(View(X=new * np.float32(8)))
    np.testing.assert_allclose(longer, detector.novelty(View(X=new)), rtol=1e-6)
    plain = fitted(NeighbourDetector(k=3, normalise=False), X, y)
    assert (plain.novelty(View(X=new * np.float32(8))) > plain.novelty(View(X=new))).all()


def test_a_vector_of_zeros_has_a_distance_too():
    X, y = draw(60, 4)
    zero = np.zeros((1, 4), np.float32)
    distances = fitted(NeighbourDetector(k=3), X, y).novelty(View(X=zero))
    np.testing.assert_allclose(distances, [1.0], rtol=1e-6)


def test_max_train_keeps_a_seeded_share_of_every_class():
    X, y = draw(900, 3)
    one, same, other = (
        fitted(NeighbourDetector(k=2, normalise=False, max_train=90), X, y, seed)
        for seed in (1, 1, 2)
    )
    assert one.images_ == 90
    np.testing.assert_array_equal(one.points_, same.points_)
    assert not np.array_equal(one.points_, other.points_)
    kept = [y[(point == X).all(axis=1)][0] for point in one.points_]
    assert np.bincount(kept).tolist() == [30, 0, 30, 30]


def test_more_neighbours_than_images_is_refused():
    X, y = draw(30, 3)
    with pytest.raises(InputError, match=r"k is 31 and there are 30 training.*novelty\.k"):
        fitted(NeighbourDetector(k=31), X, y)


def test_knn_says_how_many_images_would_fit(monkeypatch):
    X, y = draw(3000, 100)
    free = psutil.virtual_memory()._replace(available=10**12)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(InputError, match=r"memory_limit is 0\.0005 GB.*novelty\.max_train=1000"):
        fitted(NeighbourDetector(memory_limit=0.0005), X, y)


# ------------------------------------------------------------------------------- identity


def test_identity_gives_features_and_class_vectors_as_they_are():
    X, y = draw(20, 4)
    S = np.random.default_rng(3).normal(size=(3, 4)).astype(np.float32)
    mapping = IdentityMapping().fit(X, np.searchsorted(CLASSES.seen, y), S, context=Context())
    np.testing.assert_array_equal(mapping.transform(X), X)
    np.testing.assert_array_equal(mapping.transform_classes(S), S)


def test_identity_keeps_the_contract_of_mappings_where_widths_agree(monkeypatch):
    drawn = samples.sample  # which the others call

    def in_the_class_vectors_space(classes, seed):
        sample = drawn(classes, seed)
        return replace(sample, X=sample.Z)

    monkeypatch.setattr(samples, "sample", in_the_class_vectors_space)
    check_component(Registry.discover(), "mapping", "identity")


def test_identity_names_both_widths_where_they_differ():
    X, y = draw(20, 4)
    S = np.zeros((3, 7), np.float32)
    with pytest.raises(InputError, match=r"4 dimensions.*vectors have 7"):
        IdentityMapping().fit(X, np.searchsorted(CLASSES.seen, y), S, context=Context())
