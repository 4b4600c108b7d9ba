"""Bytes that fits of scikit-learn take beside the features, measured at version 1.9.

The terms are copies of the features, Gram and kernel matrices, and what is held for each image; a
test holds them against the allocations of real fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

SINGLE, DOUBLE = 4, 8  # bytes of a float
FEW_DIMENSIONS = 15  # up to which scikit-learn's algorithm=auto takes a search tree
CHUNK = 2 * 2**30  # at most of distances at a time, twice scikit-learn's working_memory
TREE_NODE = 120  # bytes, with its share of the estimator
LBFGS_VECTORS = 40  # of SciPy's L-BFGS: ten pairs of them, and those that are compared


@dataclass(frozen=True)
class Sizes:
    """Images ``n``, features ``d``, outputs ``k`` (targets or classes)."""

    n: int
    d: int
    k: int


Cost = Callable[[Sizes, Mapping[str, Any]], float]


def _ridge(s: Sizes, p: Mapping[str, Any]) -> float:
    copies, targets, small = SINGLE * s.n * s.d, 6 * SINGLE * s.n * s.k, min(s.n, s.d)
    solver = p.get("solver", "auto")
    if solver in ("auto", "cholesky"):
        return copies + targets + 3 * SINGLE * small**2
    if solver == "svd":
        return 5 * copies + targets + 4 * SINGLE * small**2
    return 2 * copies + targets


def _kernel_ridge(s: Sizes, _: Mapping[str, Any]) -> float:
    # the kernel and SciPy's two copies of it: 3.1 by resident memory, only one seen by Python
    return 3.1 * DOUBLE * s.n**2 + 2 * DOUBLE * s.n * (s.d + s.k)


def _pls(s: Sizes, _: Mapping[str, Any]) -> float:
    return 2.2 * DOUBLE * s.n * s.d + 6 * DOUBLE * s.n * s.k


def _mlp(s: Sizes, p: Mapping[str, Any]) -> float:
    layers: list[int] = [s.d, *p.get("hidden_layer_sizes", (100,)), s.k]
    weights = float(sum(a * b for a, b in pairwise(layers)))
    held_out = 1.2 * SINGLE * s.n * s.d if p.get("early_stopping") else 0
    if p.get("solver") == "lbfgs":
        return held_out + DOUBLE * LBFGS_VECTORS * weights + 4 * SINGLE * s.n * sum(layers[1:])
    size = p.get("batch_size", "auto")
    batch = min(200 if size == "auto" else int(size), s.n)
    return held_out + SINGLE * (8 * weights + 4 * batch * sum(layers) + 4 * s.n * s.k)


def _forest(s: Sizes, p: Mapping[str, Any]) -> float:
    size = p.get("max_samples", "auto")
    rows = min(256 if size == "auto" else int(size), s.n)
    part = float(p.get("max_features", 1.0))
    drawn = SINGLE * s.n * s.d * part if part < 1 else 0
    return int(p.get("n_estimators", 100)) * 2 * rows * TREE_NODE + 8 * DOUBLE * s.n + drawn


def _searched(s: Sizes, p: Mapping[str, Any]) -> float:
    """A search tree's copies, or the distances of a step."""
    algorithm, brute = p.get("algorithm", "auto"), p.get("metric") == "cosine"
    if algorithm in ("kd_tree", "ball_tree") or (
        algorithm == "auto" and not brute and s.d <= FEW_DIMENSIONS
    ):
        return 2.3 * DOUBLE * s.n * s.d
    return SINGLE * s.n * s.d + min(2 * DOUBLE * s.n**2, CHUNK) if brute else 0


def _lof(s: Sizes, p: Mapping[str, Any]) -> float:
    return _searched(s, p) + 6 * DOUBLE * s.n * int(p.get("n_neighbors", 20))


def _svm(s: Sizes, _: Mapping[str, Any]) -> float:
    return 3 * DOUBLE * s.n * s.d + SINGLE * s.n**2  # two copies more, and the kernel's cache


def _envelope(s: Sizes, _: Mapping[str, Any]) -> float:
    parts = max(1, s.n // 300)  # each keeps ten covariances of its trials
    trials = max(30, 500 // parts)
    return DOUBLE * (4 * s.n * s.d + (10 * parts + 2 * trials + 10) * s.d**2)


def _logistic(s: Sizes, p: Mapping[str, Any]) -> float:
    weights, scores = s.d * s.k, 5 * DOUBLE * s.n * s.k
    if p.get("solver") == "newton-cholesky":
        return scores + 2 * DOUBLE * (weights**2 + s.n * s.d)
    return scores + DOUBLE * LBFGS_VECTORS * weights


COSTS: Mapping[str, Cost] = MappingProxyType(
    {
        "Ridge": _ridge,
        "KernelRidge": _kernel_ridge,
        "PLSRegression": _pls,
        "MLPRegressor": _mlp,
        "IsolationForest": _forest,
        "LocalOutlierFactor": _lof,
        "OneClassSVM": _svm,
        "EllipticEnvelope": _envelope,
        "LogisticRegression": _logistic,
        "KNeighborsClassifier": _searched,
    }
)
