"""The Gaussian detector against SciPy's multivariate normal."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.novelty.gaussian import GaussianDetector

CLASSES = ClassTable(("a", "b", "c"), ("seen", "unseen", "seen"))


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    prototypes = rng.normal(size=(3, 5)).astype(np.float32)
    y = np.repeat([0, 2], [40, 60])
    Z = (prototypes[y] + rng.normal(scale=0.5, size=(100, 5))).astype(np.float32)
    return Z, prototypes, y


def test_novelty_is_minus_the_best_log_density_over_seen_classes(points):
    Z, prototypes, y = points
    detector = GaussianDetector().fit(
        View(Z=Z, prototypes=prototypes), y, CLASSES, context=Context()
    )
    new = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
    densities = []
    for label in (0, 2):
        variance = np.mean(np.sum((Z[y == label] - prototypes[label]) ** 2, axis=1)) / 5
        densities.append(multivariate_normal(prototypes[label], variance).logpdf(new))
    expected = -np.max(densities, axis=0)
    got = detector.novelty(View(Z=new, prototypes=prototypes))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_far_images_are_more_novel(points):
    Z, prototypes, y = points
    detector = GaussianDetector().fit(
        View(Z=Z, prototypes=prototypes), y, CLASSES, context=Context()
    )
    near = detector.novelty(View(Z=Z, prototypes=prototypes))
    far = detector.novelty(View(Z=Z + 100, prototypes=prototypes))
    assert far.min() > near.max()
    assert np.isfinite(far).all()  # the density itself underflows there


def test_a_mapping_that_collapses_a_class_onto_its_word_is_an_error(points):
    Z, prototypes, y = points
    Z = Z.copy()
    Z[y == 2] = prototypes[2]
    with pytest.raises(InputError, match="'c' have variance 0"):
        GaussianDetector().fit(View(Z=Z, prototypes=prototypes), y, CLASSES, context=Context())


@pytest.mark.parametrize("kept", [0.25, 0.9, 1.0])
def test_a_threshold_a_class_is_the_density_that_a_share_of_its_own_points_reaches(points, kept):
    Z, prototypes, y = points
    view = View(Z=Z, prototypes=prototypes)
    detector = GaussianDetector("per-class", kept).fit(view, y, CLASSES, context=Context())
    new = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
    above = []
    for label in (0, 2):
        own = Z[y == label]
        variance = np.mean(np.sum((own - prototypes[label]) ** 2, axis=1)) / 5
        density = multivariate_normal(prototypes[label], variance)
        log_t = np.sort(density.logpdf(own))[::-1][int(np.ceil(kept * (len(own) - 1)))]
        above.append(density.logpdf(new) - log_t)
    expected = -np.max(above, axis=0)
    np.testing.assert_allclose(detector.novelty(View(Z=new, prototypes=prototypes)), expected, 1e-4)
    for label in (0, 2):  # a point that a class keeps is not novel, whatever the others say
        own = detector.novelty(View(Z=Z[y == label], prototypes=prototypes))
        assert (own <= 0).mean() >= kept


def test_only_thresholds_of_its_own_give_it_a_native_cut():
    assert GaussianDetector("per-class").has_native_cut is True
    assert GaussianDetector().has_native_cut is False


@pytest.mark.parametrize("options", [{"threshold": "own"}, {"kept": 0.0}, {"kept": 1.5}])
def test_parameters_that_cannot_be_are_refused(points, options):
    Z, prototypes, y = points
    with pytest.raises(InputError, match=r"gaussian: (threshold|kept)"):
        GaussianDetector(**options).fit(
            View(Z=Z, prototypes=prototypes), y, CLASSES, context=Context()
        )
