"""The two-layer map against finite differences and SciPy; the linear one against scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import fmin_l_bfgs_b
from sklearn.linear_model import Ridge

from zslbench.contracts import Context
from zslbench.errors import InputError
from zslbench_plugins.mappings.linear import LinearMapping
from zslbench_plugins.mappings.restarted import RestartedMapping
from zslbench_plugins.mappings.socher2013 import TwoLayerMapping
from zslbench_plugins.mappings.two_layer import TwoLayerLoss, draw_layers
from zslbench_plugins.optim.spectrum import leading_spectrum


def cloud(n=200, d=20, k=6, classes=4, seed=0):
    """Features on axes of falling scale, the classes they were drawn for, and class vectors."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    scale = 4 / np.arange(1, d + 1) ** 0.7
    X = (rng.normal(size=(classes, d))[y] + rng.normal(size=(n, d))) * scale
    return X.astype(np.float32), y, rng.normal(size=(classes, k)).astype(np.float32)


def loss_of(X, y, S, hidden=8, decay=1e-3):
    features = torch.from_numpy(X)
    spectrum = leading_spectrum(features, seed=0)
    rows, vectors = torch.from_numpy(y), torch.from_numpy(S)
    return TwoLayerLoss(features, rows, vectors, hidden=hidden, decay=decay, spectrum=spectrum)


def by_hand(m, X, y, S, decay):
    """J and its gradient in float64, from the fitted arrays."""
    W1, b1, W2, b2 = (np.asarray(v, np.float64) for v in (m.W1_, m.b1_, m.W2_, m.b2_))
    h = np.tanh(X @ W1.T + b1)
    r = h @ W2.T + b2 - S[y]
    J = np.square(r).sum() / (2 * len(X)) + decay / 2 * (np.square(W1).sum() + np.square(W2).sum())
    back = (r @ W2) * (1 - h * h) / len(X)
    grads = (back.T @ X + decay * W1, back.sum(0), r.T @ h / len(X) + decay * W2, r.mean(0))
    return J, np.concatenate([g.ravel() for g in grads])


def test_the_gradient_is_the_slope_of_the_loss():
    X, y, S = cloud(n=60)
    loss = loss_of(X, y, S)
    w = draw_layers(20, 8, 6, seed=1).flat()
    w += 0.1 * torch.from_numpy(np.random.default_rng(2).normal(size=len(w))).float()
    _, gradient = loss(w)
    step = 1e-2
    rng = np.random.default_rng(3)
    for _ in range(20):
        direction = torch.from_numpy(rng.normal(size=len(w))).float()
        direction /= direction.norm()
        slope = (loss(w + step * direction)[0] - loss(w - step * direction)[0]) / (2 * step)
        assert slope == pytest.approx(float(gradient @ direction), rel=0.02, abs=2e-3)


def test_biases_start_at_zero_and_are_not_decayed():
    X, y, S = cloud(n=60)
    loss = loss_of(X, y, S, decay=0.5)
    layers = draw_layers(20, 8, 6, seed=1)
    assert not layers.b1.any()
    assert not layers.b2.any()
    assert layers.W1.abs().max() <= (6 / 28) ** 0.5
    h = torch.tanh(loss.X @ layers.W1.T)
    expected = (h @ layers.W2.T - loss.S[loss.y]).square().sum() / 120
    expected += 0.25 * (layers.W1.square().sum() + layers.W2.square().sum())
    assert loss(layers.flat())[0] == pytest.approx(float(expected), rel=1e-5)


def test_training_ends_stationary_in_the_original_coordinates():
    X, y, S = cloud()
    mapping = TwoLayerMapping(hidden=8, decay=1e-2, tolerance=1e-3, max_passes=2000)
    mapping.fit(X, y, S, context=Context(seed=1))
    J, gradient = by_hand(mapping, X, y, S, 1e-2)
    start = loss_of(X, y, S, decay=1e-2)(draw_layers(20, 8, 6, seed=1).flat())[1]
    assert mapping.passes_ < 2000
    assert np.linalg.norm(gradient) <= 1.05e-3 * float(start.norm())
    assert mapping.gradient_ratio_ <= 1e-3
    assert mapping.loss_ == pytest.approx(J, rel=1e-4)


def test_as_many_passes_reach_no_higher_a_loss_than_plain_lbfgs():
    X, y, S = cloud(n=300, d=60)
    loss = loss_of(X, y, S, hidden=20, decay=1e-4)
    start = draw_layers(60, 20, 6, seed=0).flat().numpy().astype(float)

    def plain(w):
        value, gradient = loss(torch.from_numpy(w.astype(np.float32)))
        return value, gradient.numpy().astype(float)

    _, reached, _ = fmin_l_bfgs_b(plain, start, maxiter=200, maxfun=10_000)
    mapping = TwoLayerMapping(hidden=20, max_passes=200).fit(X, y, S, context=Context())
    assert mapping.loss_ <= reached


@pytest.mark.parametrize(("n", "d"), [(100, 5), (40, 90)], ids=["n > d", "d > n"])
def test_more_passes_never_raise_the_loss(n, d):
    X, y, S = cloud(n=n, d=d)
    losses = [
        TwoLayerMapping(hidden=10, max_passes=passes).fit(X, y, S, context=Context()).loss_
        for passes in (1, 5, 25, 100)
    ]
    assert all(later <= earlier * (1 + 1e-6) for earlier, later in pairwise(losses))
    assert losses[-1] < 0.5 * losses[0]


def test_without_decay_and_with_a_constant_column_it_still_trains():
    X, y, S = cloud()
    X[:, 3] = 0
    mapping = TwoLayerMapping(hidden=10, decay=0.0).fit(X, y, S, context=Context())
    assert np.isfinite(mapping.transform(X)).all()
    assert mapping.loss_ < 0.5 * np.square(S).sum(axis=1).mean() / 2


def test_values_that_are_not_finite_are_refused():
    X, y, S = cloud()
    X[7, 2] = np.nan
    with pytest.raises(InputError, match="NaN"):
        TwoLayerMapping(hidden=4).fit(X, y, S, context=Context())


def test_the_seed_decides_and_read_only_inputs_stay(tmp_path):
    X, y, S = cloud()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")

    def trained(seed):
        m = TwoLayerMapping(hidden=8, max_passes=20).fit(mapped, y, S, context=Context(seed=seed))
        return m.transform(mapped)

    assert np.array_equal(trained(0), trained(0))
    assert not np.array_equal(trained(0), trained(1))
    assert np.array_equal(np.load(tmp_path / "X.npy"), X)


@pytest.mark.parametrize(("n", "d"), [(150, 12), (40, 90)], ids=["n > d", "d > n"])
def test_linear_is_scikit_learns_ridge(n, d):
    X, y, S = cloud(n=n, d=d)
    ours = LinearMapping(ridges=(0.1,)).fit(X, y, S, context=Context())
    theirs = Ridge(alpha=0.1 * n).fit(X.astype(np.float64), S[y].astype(np.float64))
    np.testing.assert_allclose(ours.transform(X), theirs.predict(X), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ours.b_, theirs.intercept_, rtol=1e-3, atol=1e-4)


def test_the_ridge_is_the_best_on_held_out_images():
    X, y, S = cloud(n=120, d=80, seed=5)
    V, yv, _ = cloud(n=80, d=80, seed=5)
    V = V + np.random.default_rng(9).normal(size=V.shape).astype(np.float32)
    ridges = (1e-4, 1e-2, 1.0, 100.0)
    chosen = LinearMapping(ridges).fit(X, y, S, validation=(V, yv), context=Context())
    errors = {}
    for ridge in ridges:
        alone = Ridge(alpha=ridge * len(X)).fit(X.astype(np.float64), S[y].astype(np.float64))
        errors[ridge] = np.square(alone.predict(V) - S[yv]).sum(axis=1).mean()
    assert chosen.ridge_ == min(errors, key=errors.get)


def test_several_ridges_without_held_out_images_are_refused():
    X, y, S = cloud()
    with pytest.raises(InputError, match="held-out"):
        LinearMapping().fit(X, y, S, context=Context())


@pytest.mark.parametrize("mapping", [LinearMapping((1.0,)), TwoLayerMapping(hidden=4)])
def test_class_vectors_stay_as_they_are(mapping):
    X, y, S = cloud()
    kept = S.copy()
    mapping.fit(X, y, S, context=Context())
    assert np.array_equal(mapping.transform_classes(S), kept)
    assert mapping.transform(X).shape == (len(X), S.shape[1])


def test_another_start_draws_other_weights_and_is_repeatable():
    X, y, S = cloud()
    context = Context(seed=3)

    def fitted(mapping):
        return mapping.fit(X, y, S, context=context)

    plain = fitted(TwoLayerMapping(hidden=8, decay=1e-2))
    one, again, two = (fitted(RestartedMapping(start, hidden=8, decay=1e-2)) for start in (1, 1, 2))
    assert np.array_equal(one.W1_, again.W1_)
    for other in (plain, two):
        assert not np.allclose(one.W1_, other.W1_, atol=0.01)
        assert one.loss_ == pytest.approx(other.loss_, rel=0.2), "of one objective"
