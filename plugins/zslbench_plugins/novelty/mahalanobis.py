"""The Mahalanobis distance to the nearest class mean (Lee et al. 2018, § 2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.linalg.blas import dsyrk

from zslbench.errors import InputError
from zslbench_plugins.sklearn_family.memory import require_memory
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT_GB
from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput

BLOCK = 1024  # rows a step: memory stays bounded whatever the number of images


class MahalanobisDetector:
    """novelty(x) = min_y (x − μ_y)ᵀ Σ⁻¹ (x − μ_y) over seen classes y.

    μ_y are class means and Σ the covariance round them, one for all classes, shrunk towards a
    multiple of the identity: Σ = (1 − a) C + a (tr C / m) I. ``shrinkage`` is a; None estimates it
    (Ledoit & Wolf 2004), and the record has it. ``space`` is what it reads, X or Z; Z of a linear
    mapping fills fewer dimensions than it has, and no Σ without shrinkage has an inverse there.
    """

    def __init__(
        self,
        space: Literal["X", "Z"] = "X",
        shrinkage: float | None = None,
        memory_limit: float = MEMORY_LIMIT_GB,
    ) -> None:
        self.space = space
        self.shrinkage = shrinkage
        self.memory_limit = memory_limit

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """The one space that it reads."""
        return frozenset({self.space})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Learn ``factor_`` (m, m), Σ = L Lᵀ, and ``centres_`` (c_s, m), the L⁻¹ μ_y.

        Raises InputError where that takes too much memory, for a seen class without images, and
        where Σ has no inverse.
        """
        points = points_of(view, self.space, "mahalanobis")
        m = points.shape[1]
        self.fit_gb_ = require_memory(
            lambda _: 16.0 * m * m + 40.0 * BLOCK * m,
            len(points),
            limit=self.memory_limit,
            what=f"mahalanobis (covariances of {m:,} × {m:,})",
            slot="novelty",
            advice="choose another --set novelty.space, or a smaller backbone",
        )
        means = _class_means(points, y, classes)
        rows_of = np.searchsorted(classes.seen, y)
        covariance, fourth = _scatter(points, means, rows_of, context)
        a = self.shrinkage
        self.shrinkage_ = _ledoit_wolf(covariance, fourth, len(points)) if a is None else a
        self.factor_ = _factor(covariance, self.shrinkage_)
        self.centres_ = solve_triangular(self.factor_, means.T, lower=True).T
        return self

    def novelty(self, view: View) -> Floats:
        """Return the least squared distance: (n,) float64."""
        points = points_of(view, self.space, "mahalanobis")
        out = np.empty(len(points))
        for start in range(0, len(points), BLOCK):
            rows = points[start : start + BLOCK].astype(np.float64)
            white = solve_triangular(self.factor_, rows.T, lower=True).T
            squares = [np.square(white - centre).sum(axis=1) for centre in self.centres_]
            out[start : start + BLOCK] = np.min(squares, axis=0)
        return out


def _class_means(points: Floats, y: Int, classes: ClassTable) -> Floats:
    """(c_s, m) float64."""
    means = np.empty((len(classes.seen), points.shape[1]))
    for row, label in enumerate(classes.seen):
        own = np.flatnonzero(y == label)
        if not len(own):
            raise InputError(
                f"mahalanobis has no training image of seen class {classes.names[label]!r}: every "
                "seen class needs some"
            )
        total = np.zeros(points.shape[1])
        for start in range(0, len(own), BLOCK):
            total += points[own[start : start + BLOCK]].sum(axis=0, dtype=np.float64)
        means[row] = total / len(own)
    return means


def _scatter(points: Floats, means: Floats, rows_of: Int, context: Context) -> tuple[Floats, float]:
    """C (m, m), its lower triangle filled, and the mean of ‖x − μ_y‖⁴."""
    n, m = points.shape
    C = np.zeros((m, m), order="F")  # as BLAS wants it, which then adds in place
    fourth = 0.0
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        residual = points[rows].astype(np.float64) - means[rows_of[rows]]
        C = dsyrk(1 / n, residual, beta=1.0, c=C, trans=1, lower=1, overwrite_c=1)
        fourth += float(np.square(np.square(residual).sum(axis=1)).sum()) / n
        context.progress(min(start + BLOCK, n), n)
    return C, fourth


def _ledoit_wolf(C: Floats, fourth: float, n: int) -> float:
    """The shrinkage of least expected squared error (Ledoit & Wolf 2004)."""
    m = len(C)
    trace = float(C.trace())
    squares = -float(np.square(C.diagonal()).sum())
    squares += 2 * sum(float(np.square(C[k:, k]).sum()) for k in range(m))
    spread = (squares - trace**2 / m) / m  # of C round its multiple of the identity
    error = min((fourth - squares) / (n * m), spread)  # of C itself
    return max(0.0, error / spread) if error > 0 else 0.0


def _factor(C: Floats, shrinkage: float) -> Floats:
    """L of Σ = L Lᵀ, in the memory of C."""
    level = float(C.trace()) / len(C)
    C *= 1 - shrinkage
    C[np.diag_indices_from(C)] += shrinkage * level
    try:
        factor: Floats = cholesky(C, lower=True, overwrite_a=True)
    except LinAlgError as error:
        raise InputError(
            f"mahalanobis: with shrinkage {shrinkage:.3g} the covariance has no inverse, since the "
            "training points fill fewer dimensions than they have: raise --set novelty.shrinkage "
            "(0.01, say)"
        ) from error
    return factor
