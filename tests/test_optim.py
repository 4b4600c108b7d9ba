"""The spectrum against NumPy's eigenvalues; L-BFGS on problems with a known minimum."""

import numpy as np
import pytest
import torch

from zslbench_plugins.optim.lbfgs import minimise
from zslbench_plugins.optim.softmax_curvature import SoftmaxCurvature
from zslbench_plugins.optim.spectrum import leading_spectrum


def features(n, d, seed=0):
    """Return (n, d) float32 with a spectrum that falls like that of image features."""
    rng = np.random.default_rng(seed)
    scales = np.arange(1, d + 1) ** -0.7
    rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (rng.normal(size=(n, d)) * scales @ rotation).astype(np.float32)


@pytest.mark.parametrize(("n", "d", "rank"), [(500, 40, 30), (900, 300, 25), (60, 300, 20)])
def test_leading_values_are_the_eigenvalues_of_the_second_moment(n, d, rank):
    X = features(n, d)
    found = leading_spectrum(torch.from_numpy(X), seed=0, rank=rank)
    X = X.astype(np.float64)
    values = np.linalg.eigvalsh(X.T @ X / n)[::-1]
    np.testing.assert_allclose(found.values, values[:rank], rtol=0.01)
    assert found.tail == pytest.approx(values[rank:].mean(), rel=0.02)
    directions = found.directions.double().numpy()
    np.testing.assert_allclose(directions.T @ directions, np.eye(rank), atol=1e-4)


def test_a_sample_of_the_rows_stands_for_all_of_them():
    X = features(4000, 100)
    found = leading_spectrum(torch.from_numpy(X), seed=0, rank=10, rows=1500)
    values = np.linalg.eigvalsh(X.T @ X / len(X))[::-1][:10]
    assert len(found.sample) == len(set(found.sample.tolist())) == 1500
    np.testing.assert_allclose(found.values, values, rtol=0.2)


def test_scaling_acts_on_the_leading_directions_and_on_the_rest_apart():
    found = leading_spectrum(torch.from_numpy(features(400, 90)), seed=0, rank=7)
    V = torch.randn(3, 90, generator=torch.Generator().manual_seed(0))
    leading = torch.linspace(2, 9, 7)
    D = found.directions.double().numpy()
    operator = D * leading.numpy() @ D.T + 0.5 * (np.eye(90) - D @ D.T)
    got = found.scale(V, leading, 0.5)
    np.testing.assert_allclose(got, V.double().numpy() @ operator, atol=1e-4)


def softmax_hessian(X, W, ridge):
    """The Hessian of mean cross-entropy + (ridge / 2) ‖W‖² at W, as autograd has it (float64)."""
    X = X.double()
    # The Hessian doesn't depend on the labels.
    return torch.autograd.functional.hessian(
        lambda w: (
            torch.nn.functional.cross_entropy(X @ w.view_as(W).T, torch.zeros(len(X)).long())
            + 0.5 * ridge * w.square().sum()
        ),
        W.double().reshape(-1),
    )


@pytest.mark.parametrize("probabilities", ["uniform", "certain"])
def test_softmax_curvature_along_all_directions_is_the_hessian(probabilities):
    X = torch.from_numpy(features(300, 30))
    W = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    W *= {"uniform": 0.0, "certain": 5.0}[probabilities]
    spectrum = leading_spectrum(X, seed=0, rank=30)
    curvature = SoftmaxCurvature(torch.softmax(X @ W.T, dim=1), spectrum, 1e-3)
    V = torch.randn(4, 30, generator=torch.Generator().manual_seed(1))
    H = softmax_hessian(X, W, 1e-3)
    np.testing.assert_allclose(
        H @ curvature.solve(V).double().reshape(-1), V.reshape(-1), rtol=0.01, atol=0.01
    )


def test_softmax_curvature_across_the_coupled_directions_averages_the_factors(monkeypatch):
    monkeypatch.setattr("zslbench_plugins.optim.softmax_curvature.UNKNOWNS", 4 * 8)
    X = torch.from_numpy(features(500, 30))
    P = torch.softmax(torch.randn(500, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    spectrum = leading_spectrum(X, seed=0, rank=30)
    curvature = SoftmaxCurvature(P, spectrum, 1e-3)
    assert curvature.coupled == 8
    D, P = spectrum.directions[:, 8:].double(), P.double()
    K = torch.diag(P.mean(dim=0)) - P.T @ P / 500
    V = torch.randn(4, 22, generator=torch.Generator().manual_seed(1)).double()
    H = torch.kron(K, torch.diag(spectrum.values[8:].double())) + 1e-3 * torch.eye(88)
    expected = torch.linalg.solve(H, V.reshape(-1)).view_as(V) @ D.T
    np.testing.assert_allclose(curvature.solve((V @ D.T).float()), expected, rtol=0.01, atol=0.1)


@pytest.fixture
def quadratic():
    """A, b of ½ wᵀ A w − bᵀ w, with a condition number of 10⁶."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    A = torch.from_numpy(rotation * np.geomspace(1, 1e6, 20) @ rotation.T)
    return A, torch.from_numpy(rng.normal(size=20))


def solve(A, b, precondition, max_passes=5000, memory=20, told=None):
    return minimise(
        lambda w: (float(0.5 * w @ A @ w - b @ w), A @ w - b),
        torch.zeros_like(b),
        precondition=precondition,
        done=lambda loss, gradient: bool(gradient.norm() <= 1e-8 * b.norm()),
        max_passes=max_passes,
        memory=memory,
        progress=told,
    )


def test_with_the_exact_inverse_hessian_a_quadratic_takes_a_step_or_two(quadratic):
    A, b = quadratic
    found = solve(A, b, lambda g: torch.linalg.solve(A, g))
    assert found.reached
    assert found.passes <= 3
    np.testing.assert_allclose(found.w, torch.linalg.solve(A, b), rtol=1e-6)


def test_passes_are_counted_and_limited(quadratic):
    A, b = quadratic
    told = []
    found = solve(A, b, lambda g: g / 1e6, max_passes=6, told=told.append)
    assert not found.reached
    assert found.passes == 6
    assert told == [2, 3, 4, 5, 6]
    assert found.loss < 0  # that of w = 0


def test_a_step_that_is_far_too_long_is_shortened(quadratic):
    A, b = quadratic
    found = solve(A, b, lambda g: 1e3 * torch.linalg.solve(A, g))
    assert found.reached
    np.testing.assert_allclose(found.w, torch.linalg.solve(A, b), rtol=1e-5)


def test_at_the_minimum_nothing_is_moved(quadratic):
    A, _ = quadratic
    found = solve(A, torch.zeros(20, dtype=torch.float64), lambda g: g)
    assert found.reached
    assert found.passes == 1
    assert not found.w.any()
