"""The certificate of softmax regression against an optimum that SciPy finds in float64."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from zslbench.contracts import ClassTable, Context, View
from zslbench_plugins.classifiers.softmax import SoftmaxClassifier

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "seen", "seen"))
SIZES = {"n > d": (300, 20), "d > n": (40, 120)}


def draw(n, d):
    """Return features (n, d) of very different scales, two of them constant, and noisy labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) * np.geomspace(5, 0.05, d)
    X[:, 1], X[:, 2] = 0, 1.5
    scores = X @ rng.normal(size=(d, 3)) + rng.gumbel(size=(n, 3))
    return X.astype(np.float32), np.array([0, 2, 3])[scores.argmax(axis=1)]


def objective(flat, X, truth, ridge):
    """Return mean cross-entropy + (ridge / 2) ‖W‖² and its gradient, in float64."""
    W = flat.reshape(-1, X.shape[1])
    logits = X @ W.T
    loss = -np.mean(np.sum(truth * log_softmax(logits, axis=1), axis=1)) + ridge / 2 * flat @ flat
    gradient = (softmax(logits, axis=1) - truth).T @ X / len(X) + ridge * W
    return loss, gradient.ravel()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("ridge", [1e-3, 1e-1])
@pytest.mark.parametrize("gap", [1e-1, 1e-3])
def test_the_stated_gap_bounds_the_true_distance_to_the_optimum(size, ridge, gap):
    X, y = draw(*size)
    model = SoftmaxClassifier(ridge, gap).fit(
        View(X=X), y, CLASSES, candidates="seen", context=Context()
    )
    problem = (X.astype(np.float64), np.eye(4)[y][:, [0, 2, 3]], ridge)
    reached, _ = objective(model.W_.astype(np.float64).ravel(), *problem)
    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9}
    start = np.zeros(model.W_.size)
    best = minimize(objective, start, problem, "L-BFGS-B", jac=True, options=options).fun
    assert model.loss_ == pytest.approx(reached, rel=1e-5)
    assert model.gap_ <= gap
    assert -1e-7 * best <= reached - best <= model.gap_ * reached + 2e-7 * best
