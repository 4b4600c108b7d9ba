"""Isotropic Gaussians of one width: posteriors against SciPy's, and where σ comes from."""

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import multivariate_normal

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.classifiers.isotropic_gaussian import BLOCK, IsotropicGaussianClassifier
from zslbench_plugins.classifiers.nearest_word import NearestWordClassifier

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "seen", "unseen"))
M = 6


def images(n=50, spread=0.7, seed=0, metric="euclidean"):
    """Mapped images round seen words, and their labels."""
    prototypes = np.random.default_rng(9).normal(size=(4, M)).astype(np.float32)
    rng = np.random.default_rng(seed)
    y = np.array([0, 2])[rng.integers(2, size=n)]
    Z = (prototypes[y] + rng.normal(scale=spread, size=(n, M))).astype(np.float32)
    return View(Z=Z, prototypes=prototypes, metric=metric), y


def fit(view, y, candidates="unseen", held_out=None, **params):
    return IsotropicGaussianClassifier(**params).fit(
        view, y, CLASSES, candidates=candidates, context=Context(), held_out=held_out
    )


def root_mean_square(view, y):
    residual = view.Z.astype(np.float64) - view.prototypes[y].astype(np.float64)
    return np.sqrt(np.mean(residual**2))


@pytest.mark.parametrize("candidates", ["seen", "unseen", "all"])
def test_scores_are_log_posteriors_up_to_a_constant_an_image(candidates):
    view, y = images(BLOCK + 50)
    fitted = fit(view, y, candidates, width="1.3")
    columns = CLASSES.candidates(candidates)
    densities = [multivariate_normal(view.prototypes[c], 1.3**2).logpdf(view.Z) for c in columns]
    np.testing.assert_allclose(
        log_softmax(fitted.decision(view), axis=1),
        log_softmax(np.stack(densities, axis=1), axis=1),
        rtol=1e-6, atol=1e-6,
    )  # fmt: skip


def test_the_width_is_that_of_held_out_images_round_their_own_words():
    (view, y), apart = images(spread=0.2), images(200, spread=0.9, seed=1)
    fitted = fit(view, y, held_out=apart)
    assert fitted.width_ == pytest.approx(root_mean_square(*apart), rel=1e-6)
    assert fitted.width_ == pytest.approx(0.9, rel=0.1)
    expected = fit(view, y, width=repr(fitted.width_)).decision(view)
    np.testing.assert_array_equal(fitted.decision(view), expected)


def test_the_width_can_be_that_of_the_training_images_or_a_number():
    (view, y), apart = images(BLOCK + 50, spread=0.2), images(200, spread=0.9, seed=1)
    assert fit(view, y, width="train", held_out=apart).width_ == pytest.approx(
        root_mean_square(view, y), rel=1e-6
    )
    assert fit(view, y, width="1").width_ == 1.0
    assert [IsotropicGaussianClassifier(width=w).needs_held_out for w in ("train", "2")] == [
        False,
        False,
    ]
    assert IsotropicGaussianClassifier().needs_held_out is True


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_best_candidate_is_the_nearest_word_whatever_the_width(metric):
    view, y = images(300, metric=metric)
    nearest = NearestWordClassifier().fit(
        view, y, CLASSES, candidates="all", context=Context()
    )  # fmt: skip
    expected = nearest.decision(view).argmax(axis=1)
    for width in ("0.01", "1", "train"):
        scores = fit(view, y, "all", width=width).decision(view)
        np.testing.assert_array_equal(scores.argmax(axis=1), expected)


def test_with_the_cosine_everything_has_length_1():
    view, y = images(60, metric="cosine")
    unit = view.Z / np.linalg.norm(view.Z, axis=1, keepdims=True)
    words = view.prototypes / np.linalg.norm(view.prototypes, axis=1, keepdims=True)
    fitted = fit(view, y, width="train")
    sigma = np.sqrt(np.mean((unit - words[y]) ** 2))
    assert fitted.width_ == pytest.approx(sigma, rel=1e-5)
    cosine = unit @ words[CLASSES.unseen].T
    np.testing.assert_allclose(fitted.decision(view), (cosine - 1) / sigma**2, rtol=1e-4, atol=1e-4)
    nothing = View(Z=np.zeros((2, M), np.float32), prototypes=view.prototypes, metric="cosine")
    assert np.ptp(fitted.decision(nothing)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("width", ["0", "-1", "nan", "inf", "wide", "heldout"])
def test_a_width_that_cannot_be_is_refused_before_and_in_the_fit(width):
    view, y = images()
    with pytest.raises(InputError, match="must be held-out, train or a number > 0") as early:
        IsotropicGaussianClassifier(width=width).check(validation=0.05)
    with pytest.raises(InputError) as late:
        fit(view, y, width=width)
    assert str(early.value) == str(late.value)


def test_without_held_out_images_it_says_what_to_set():
    view, y = images()
    with pytest.raises(InputError, match=r"--validation a share > 0, or set width=train") as early:
        IsotropicGaussianClassifier().check(validation=0)
    for nothing in (None, (View(Z=view.Z[:0], prototypes=view.prototypes), y[:0])):
        with pytest.raises(InputError) as late:
            fit(view, y, held_out=nothing)
        assert str(early.value) == str(late.value)
    IsotropicGaussianClassifier(width="train").check(validation=0)
    IsotropicGaussianClassifier(width="1").check(validation=0)
    IsotropicGaussianClassifier().check(validation=0.05)


def test_images_that_all_lie_on_their_words_leave_no_width():
    view, y = images(spread=0.0)
    with pytest.raises(InputError, match="the 50 mapped training images lie on their own"):
        fit(view, y, width="train")


def test_a_method_without_a_mapping_is_told():
    view, y = images()
    with pytest.raises(InputError, match="reads Z and prototypes"):
        fit(View(X=view.Z), y, width="1")
