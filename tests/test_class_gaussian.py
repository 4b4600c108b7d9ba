"""Gaussians round class means, and mixtures of Gaussians, against the formulas and SciPy."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.novelty import isotropic
from zslbench_plugins.novelty.class_gaussian import ClassGaussianDetector
from zslbench_plugins.novelty.gaussian import GaussianDetector
from zslbench_plugins.novelty.gaussian_mixture import GaussianMixtureDetector

CLASSES = ClassTable(("a", "b", "c"), ("seen", "unseen", "seen"))


def points(m=5, counts=(40, 60), seed=0, offset=0.0):
    """Points of classes a and c, in any order, whose spreads differ."""
    rng = np.random.default_rng(seed)
    prototypes = (offset + rng.normal(size=(3, m))).astype(np.float32)
    y = rng.permutation(np.repeat([0, 2], counts))
    spread = np.where(y == 0, 0.4, 0.9)[:, None]
    Z = prototypes[y] + 0.1 + spread * rng.normal(size=(len(y), m))
    return Z.astype(np.float32), prototypes, y


def fit(detector, view, y):
    return detector.fit(view, y, CLASSES, context=Context())


def log_density(x, mean, variance):
    """From the definition, in float64."""
    squares = ((x.astype(np.float64) - mean) ** 2).sum(axis=1)
    return -0.5 * (squares / variance + x.shape[1] * np.log(2 * np.pi * variance))


@pytest.mark.parametrize("m", [5, 3000])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_novelty_is_minus_the_best_density_round_a_mean(m, offset, monkeypatch):
    monkeypatch.setattr(isotropic, "BLOCK", 7 * m)  # several blocks, the last one short
    X, _, y = points(m, offset=offset)
    new = (X[:30] + np.random.default_rng(1).normal(size=(30, m))).astype(np.float32)
    detector = fit(ClassGaussianDetector(), View(X=X), y)
    densities = []
    for label in (0, 2):
        own = X[y == label].astype(np.float64)
        variance = np.square(own - own.mean(axis=0)).sum(axis=1).mean() / m
        densities.append(log_density(new, own.mean(axis=0), variance))
    expected = -np.max(densities, axis=0)
    np.testing.assert_allclose(detector.novelty(View(X=new)), expected, rtol=1e-9)


def test_a_block_holds_an_image_at_least(monkeypatch):
    X, _, y = points()
    whole = fit(ClassGaussianDetector(), View(X=X), y).novelty(View(X=X))
    monkeypatch.setattr(isotropic, "BLOCK", 1)
    alone = fit(ClassGaussianDetector(), View(X=X), y).novelty(View(X=X))
    np.testing.assert_allclose(alone, whole, rtol=1e-12)


def test_many_features_are_never_copied_whole(monkeypatch):
    monkeypatch.setattr(isotropic, "BLOCK", 20_000)
    X, _, y = points(2000, counts=(300, 300))
    tracemalloc.start()
    fit(ClassGaussianDetector(), View(X=X), y).novelty(View(X=X))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 4


def test_round_the_words_themselves_it_is_the_gaussian_detector():
    Z, _, y = points()
    means = np.stack([Z[y == 0].mean(axis=0), Z[0], Z[y == 2].mean(axis=0)])
    theirs = fit(GaussianDetector(), View(Z=Z, prototypes=means), y)
    detector = fit(ClassGaussianDetector(space="Z"), View(Z=Z), y)
    expected = theirs.novelty(View(Z=Z, prototypes=means))
    np.testing.assert_allclose(detector.novelty(View(Z=Z)), expected, rtol=1e-5)
    assert (detector.inputs, ClassGaussianDetector().inputs) == ({"Z"}, {"X"})


def test_far_from_everything_numbers_stay_finite_and_grow():
    Z, prototypes, y = points()
    for detector in (GaussianMixtureDetector(), ClassGaussianDetector("Z")):
        view = View(Z=Z, prototypes=prototypes)
        fit(detector, view, y)
        far = detector.novelty(View(Z=Z + 1e6, prototypes=prototypes))
        assert np.isfinite(far).all()
        assert far.min() > detector.novelty(view).max()


def test_a_mixture_is_scipys_sum_of_densities_weighed_by_frequency():
    Z, prototypes, y = points()
    detector = fit(GaussianMixtureDetector(), View(Z=Z, prototypes=prototypes), y)
    new = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
    density = np.zeros(50)
    for label, prior in ((0, 0.4), (2, 0.6)):
        variance = np.mean(np.sum((Z[y == label] - prototypes[label]) ** 2, axis=1)) / 5
        density += prior * multivariate_normal(prototypes[label], variance).pdf(new)
    got = detector.novelty(View(Z=new, prototypes=prototypes))
    np.testing.assert_allclose(got, -np.log(density), rtol=1e-5)
    np.testing.assert_allclose(detector.priors_, [0.4, 0.6])


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(2, 50), st.integers(2, 50))
@settings(max_examples=30)
def test_a_mixture_lies_between_its_largest_part_and_the_parts_that_there_are(seed, m, a, c):
    Z, prototypes, y = points(m, (a, c), seed)
    view = View(Z=Z, prototypes=prototypes)
    mixture = fit(GaussianMixtureDetector(), view, y)
    parts = np.stack(
        [
            np.log(prior) + log_density(Z, prototypes[label].astype(float), variance)
            for label, prior, variance in zip(
                (0, 2), mixture.priors_, mixture.variances_, strict=True
            )
        ]
    )
    tolerance = 1e-9 * (1 + np.abs(parts).max())
    novelty = mixture.novelty(view)
    assert (novelty <= -parts.max(axis=0) + tolerance).all()
    assert (novelty >= -parts.max(axis=0) - np.log(2) - tolerance).all()


def test_both_have_the_variances_of_the_gaussian_detector():
    Z, prototypes, y = points()
    view = View(Z=Z, prototypes=prototypes)
    expected = fit(GaussianDetector(), view, y).variances_
    got = fit(GaussianMixtureDetector(), view, y).variances_
    np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("detector", "who"),
    [
        (GaussianMixtureDetector(), "gaussian-mixture"),
        (ClassGaussianDetector("Z"), "class-gaussian"),
    ],
)
def test_a_class_that_has_no_images_or_no_spread_is_named(detector, who):
    Z, prototypes, y = points()
    only = y == 0
    with pytest.raises(InputError, match=f"{who} has no training image of seen class 'c'"):
        fit(detector, View(Z=Z[only], prototypes=prototypes), y[only])
    Z[y == 2] = prototypes[2]
    with pytest.raises(InputError, match=f"{who}: the 60 training points of class 'c' all lie"):
        fit(detector, View(Z=Z, prototypes=prototypes), y)


def test_a_space_that_the_method_lacks_is_named():
    Z, _, y = points()
    with pytest.raises(InputError, match="class-gaussian reads space 'X'"):
        fit(ClassGaussianDetector(), View(Z=Z), y)
    with pytest.raises(InputError, match="gaussian-mixture reads Z and prototypes"):
        fit(GaussianMixtureDetector(), View(X=Z), y)
