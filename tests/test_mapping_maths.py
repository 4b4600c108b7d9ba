"""The two-layer map against its definition in NumPy, and problems with a known answer."""

import numpy as np
import pytest
import torch

from zslbench.contracts import Context
from zslbench_plugins.mappings.linear import LinearMapping
from zslbench_plugins.mappings.socher2013 import TwoLayerMapping
from zslbench_plugins.mappings.two_layer import TwoLayerLoss
from zslbench_plugins.optim.spectrum import leading_spectrum

CONTEXT = Context(seed=3)


def draw(n=200, d=15, c=5, k=4):
    """Return features (n, d) with a constant column, labels, and class vectors (c, k)."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, d)), rng.integers(0, c, n)
    X[:, 0] = 1
    X += rng.normal(size=(c, d))[y]
    return X.astype(np.float32), y, rng.normal(size=(c, k)).astype(np.float32)


def plain_objective(layers, X, targets, decay):
    """Return J of four arrays W1, b1, W2, b2, straight from its definition."""
    W1, b1, W2, b2 = layers
    mapped = np.tanh(X @ W1.T + b1) @ W2.T + b2
    squares = np.square(W1).sum() + np.square(W2).sum()
    return np.square(targets - mapped).sum() / (2 * len(X)) + decay / 2 * squares


@pytest.mark.parametrize("n", [40, 1100])  # within a block of rows, and over two
def test_loss_and_gradient_are_those_of_the_definition(n):
    X, y, S = draw(n, d=4, k=3)
    features, step = torch.from_numpy(X), 1e-6
    loss = TwoLayerLoss(
        features, torch.from_numpy(y), torch.from_numpy(S), hidden=3, decay=0.1,
        spectrum=leading_spectrum(features, seed=0),
    )  # fmt: skip
    w = torch.from_numpy(np.random.default_rng(0).normal(scale=0.3, size=27).astype(np.float32))
    value, gradient = loss(w)
    exact = w.double()
    problem = (X.astype(np.float64), S.astype(np.float64)[y], 0.1)

    def at(point):
        return plain_objective([part.numpy() for part in loss.unpack(point)], *problem)

    assert value == pytest.approx(at(exact), rel=1e-6)
    moves = step * torch.eye(27, dtype=torch.float64)
    expected = [(at(exact + move) - at(exact - move)) / (2 * step) for move in moves]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_the_stated_loss_is_that_of_the_learnt_weights():
    X, y, S = draw()
    model = TwoLayerMapping(hidden=8, decay=0.01, max_passes=20).fit(X, y, S, context=CONTEXT)
    layers = [a.astype(np.float64) for a in (model.W1_, model.b1_, model.W2_, model.b2_)]
    assert model.loss_ == pytest.approx(plain_objective(layers, X, S[y], 0.01), rel=1e-5)
    W1, b1, W2, b2 = layers
    np.testing.assert_allclose(model.transform(X), np.tanh(X @ W1.T + b1) @ W2.T + b2, atol=1e-4)


def test_under_a_crushing_decay_the_answer_is_the_mean_class_vector():
    X, y, S = draw()
    S = S + 30  # far from where the biases start
    mapping = TwoLayerMapping(hidden=5, decay=1e3, tolerance=1e-6, max_passes=300)
    mapped = mapping.fit(X, y, S, context=CONTEXT).transform(X)
    np.testing.assert_allclose(mapped, np.broadcast_to(S[y].mean(axis=0), mapped.shape), atol=0.02)


def test_training_stops_at_the_tolerance_or_the_budget_and_says_which():
    X, y, S = draw()
    model = TwoLayerMapping(hidden=4, decay=0.1, tolerance=1e-2, max_passes=500)
    model.fit(X, y, S, context=CONTEXT)
    assert model.passes_ < 500
    assert model.gradient_ratio_ <= 1e-2
    model = TwoLayerMapping(tolerance=1e-9, max_passes=3).fit(X, y, S, context=CONTEXT)
    assert model.passes_ == 20 + 3  # the epochs before count
    assert model.gradient_ratio_ > 1e-9
    work = 3.5 * X.size / 1e9  # three passes and a half
    model = TwoLayerMapping(tolerance=1e-9, max_work=work).fit(X, y, S, context=CONTEXT)
    assert model.passes_ == 20 + 3


def test_targets_that_are_linear_in_the_features_are_learnt():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 8)).astype(np.float32)
    S = (X @ rng.normal(scale=0.1, size=(8, 3))).astype(np.float32)
    model = TwoLayerMapping(hidden=20, decay=1e-6, tolerance=1e-6, max_passes=300)
    model.fit(X[:500], np.arange(500), S[:500], context=CONTEXT)
    error = np.square(model.transform(X[500:]) - S[500:]).sum() / np.square(S[500:]).sum()
    assert error < 0.01


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 9), (2, 3), (9, 1)])
@pytest.mark.parametrize(
    "mapping", [TwoLayerMapping(hidden=3, max_passes=300), LinearMapping((0.1,))]
)
def test_tiny_problems_are_solved(mapping, n, d):
    X = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    y, S = np.arange(n) % 2, np.array([[1, 2], [3, 5]], np.float32)
    mapped = mapping.fit(X, y, S, context=CONTEXT).transform(X)
    assert mapped.shape == (n, 2)
    spread = np.square(S[y] - S[y].mean(axis=0)).sum()
    assert np.square(mapped - S[y]).sum() <= spread + 1e-2  # no worse than the mean class vector
