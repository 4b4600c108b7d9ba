"""A softmax on draws round the words: against scikit-learn, and against its limit."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.classifiers import sampled_softmax
from zslbench_plugins.classifiers.sampled_softmax import SampledSoftmaxClassifier

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "unseen", "unseen"))
WORDS = np.random.default_rng(0).normal(scale=1.5, size=(4, 5)).astype(np.float32)


def fit(words=WORDS, seed=3, candidates="unseen", **params):
    view = View(Z=words[:1], prototypes=words)
    return SampledSoftmaxClassifier(**params).fit(
        view, np.zeros(1, np.int64), CLASSES, candidates=candidates, context=Context(seed=seed)
    )


def test_it_is_scikit_learns_softmax_on_the_words_and_their_draws():
    ridge, seed, draws = 1e-2, 3, 20
    fitted = fit(seed=seed, draws=draws, ridge=ridge)
    words = WORDS[1:].astype(np.float64)
    noise = np.random.default_rng(seed).standard_normal((3, draws, 5))
    points = np.concatenate([words, (words[:, None] + noise).reshape(-1, 5)])
    y = np.concatenate([np.arange(3), np.repeat(np.arange(3), draws)])
    theirs = LogisticRegression(
        fit_intercept=False, C=1 / (ridge * len(points)), tol=1e-10, max_iter=10_000
    ).fit(points, y)
    np.testing.assert_allclose(fitted.W_, theirs.coef_, atol=1e-4)
    assert fitted.gap_ < 1e-6


def test_with_many_draws_it_becomes_the_posterior_of_words_of_one_length():
    # log P(y | f) of N(w_y, I) is w_y · f up to a constant, where all ‖w_y‖ are equal
    words = 1.5 * np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0][:4]
    fitted = fit(words.astype(np.float32), draws=40_000, ridge=1e-7)
    centred = words[1:] - words[1:].mean(axis=0)
    np.testing.assert_allclose(fitted.W_ - fitted.W_.mean(axis=0), centred, atol=0.06)


def test_its_columns_are_the_candidates_and_the_seed_draws_anew():
    Z = np.random.default_rng(2).normal(size=(7, 5)).astype(np.float32)
    view = View(Z=Z, prototypes=WORDS)
    assert fit(candidates="all").decision(view).shape == (7, 4)
    first = fit()
    np.testing.assert_allclose(first.decision(view), Z @ first.W_.T, rtol=1e-6)
    np.testing.assert_array_equal(first.W_, fit().W_)
    assert not np.array_equal(first.W_, fit(seed=4).W_)


def test_an_optimum_that_is_not_reached_is_told(monkeypatch):
    monkeypatch.setitem(sampled_softmax.OPTIONS, "maxiter", 1)
    with pytest.raises(InputError, match=r"relative gap of .*raise --set unseen_classifier.ridge"):
        fit(ridge=1e-6)


def test_a_method_without_a_mapping_is_told():
    with pytest.raises(InputError, match="reads prototypes"):
        SampledSoftmaxClassifier().fit(
            View(Z=WORDS), np.zeros(4, np.int64), CLASSES, candidates="unseen", context=Context()
        )
    with pytest.raises(InputError, match="reads Z"):
        fit().decision(View(prototypes=WORDS))
