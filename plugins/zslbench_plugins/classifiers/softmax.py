"""Softmax regression, solved to a certified gap (Socher et al. 2013, § 5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from zslbench.errors import InputError
from zslbench_plugins.optim.lbfgs import Minimum, minimise
from zslbench_plugins.optim.rows import as_tensor, blocks
from zslbench_plugins.optim.softmax_curvature import SoftmaxCurvature
from zslbench_plugins.optim.spectrum import leading_spectrum

if TYPE_CHECKING:
    from zslbench.contracts import (
        Candidates,
        ClassTable,
        Context,
        Float32,
        Floats,
        Int,
        View,
        ViewInput,
    )

ROWS = 5_000  # sampled for the first guess and the curvature: neither need be exact
ROUNDS, COARSE_PASSES, COARSE = 2, 10, 0.02  # of the first guess: passes a round, gap to stop at
UNSEEN_ROWS = 2_000  # that tell how far the first guess is fitted too well


class SoftmaxClassifier:
    """min_W mean cross-entropy of softmax(W x) + (ridge / 2) ‖W‖², no bias.

    The objective is ridge-strongly convex, so f(W) − f* ≤ ‖∇f‖² / (2 ridge): it is solved until
    this bound is at most ``gap`` · f. L-BFGS starts from the inverse curvature along the leading
    directions of the features, without which it needs thousands of passes; a pass reads the
    features once.
    """

    needs_images: ClassVar[bool] = True  # of every candidate class

    def __init__(
        self,
        ridge: float = 1e-3,
        gap: float = 1e-2,
        max_passes: int = 1000,
        reads: str = "features",
    ) -> None:
        self.ridge = ridge
        self.gap = gap
        self.max_passes = max_passes
        self.reads = reads

    @property
    def inputs(self) -> frozenset[ViewInput]:
        """Features X alone, or the mapped point Z beside them, as ``reads`` says."""
        return frozenset({"X"} if self.reads == "features" else {"X", "Z"})

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        candidates: Candidates,
        context: Context,
    ) -> Self:
        """Learn ``W_`` (c_v, d) from X (n, d) and labels ``y`` (n,); columns as ``candidates``.

        Raises InputError for a candidate class without images, and where the gap is not reached in
        ``max_passes``.
        """
        columns = _candidates(y, classes, candidates)
        X, target = as_tensor(self._read(view)), torch.from_numpy(np.searchsorted(columns, y))
        torch.set_num_threads(context.threads)
        width = len(classes.candidates(candidates))
        start, curvature = self._coarse(X, target, width, context.seed)
        found = minimise(
            partial(cross_entropy, X, target, ridge=self.ridge),
            start,
            precondition=curvature.solve,
            done=self._certified,
            max_passes=self.max_passes,
            progress=lambda passes: context.progress(passes, 0),
        )
        if not found.reached:
            raise InputError(self._complaint(found))
        self.W_ = found.w.numpy()
        self.loss_, self.passes_ = found.loss, found.passes
        self.gap_ = self._bound(found.gradient) / found.loss
        return self

    def decision(self, view: View) -> Float32:
        """Return the logits W x (n, c_v), float32."""
        X, W = as_tensor(self._read(view)), torch.from_numpy(self.W_)
        out = torch.empty(len(X), len(W))
        for rows in blocks(len(X)):
            out[rows] = X[rows] @ W.T
        logits: Float32 = out.numpy()
        return logits

    def _read(self, view: View) -> Floats:
        """(n, d), or (n, d + m): a copy of the features, where the mapped point stands beside."""
        if view.X is None or (self.reads != "features" and view.Z is None):
            raise InputError(
                f"softmax reads {self.reads}, and the method has no such space: see 'zslbench show "
                "classifier softmax'"
            )
        if self.reads == "features" or view.Z is None:
            return view.X
        both: Floats = np.concatenate([view.X, view.Z], axis=1)
        return both

    def _coarse(
        self, X: torch.Tensor, target: torch.Tensor, width: int, seed: int
    ) -> tuple[torch.Tensor, SoftmaxCurvature]:
        """Solve along few directions, on few rows; return W (c, d), and the curvature there.

        Few rows are fitted too well, and probabilities near 0 and 1 have little curvature: steps
        would be far too long. W is shrunk as rows that it has not seen ask for.
        """
        spectrum = leading_spectrum(X, seed=seed, rows=ROWS)
        labels, scores = target[spectrum.sample], spectrum.scores
        curvature = SoftmaxCurvature(
            torch.full((len(labels), width), 1 / width), spectrum, self.ridge
        )
        scores = scores[:, : curvature.coupled]
        w = torch.zeros(width, curvature.coupled)
        for _ in range(ROUNDS):
            w = minimise(
                partial(cross_entropy, scores, labels, ridge=self.ridge),
                w,
                precondition=curvature.solve_coupled,
                done=lambda loss, g: self._bound(g) <= COARSE * loss,
                max_passes=COARSE_PASSES,
            ).w
            curvature = SoftmaxCurvature(torch.softmax(scores @ w.T, dim=1), spectrum, self.ridge)
        W = w @ spectrum.directions[:, : curvature.coupled].T
        shrinkage = _shrinkage(W, X, target, spectrum.sample)
        P = torch.softmax(shrinkage * (scores @ w.T), dim=1)
        return shrinkage * W, SoftmaxCurvature(P, spectrum, self.ridge)

    def _certified(self, loss: float, gradient: torch.Tensor) -> bool:
        return self._bound(gradient) <= self.gap * loss

    def _bound(self, gradient: torch.Tensor) -> float:
        return float(gradient.square().sum(dtype=torch.float64)) / (2 * self.ridge)

    def _complaint(self, found: Minimum) -> str:
        return (
            f"softmax stopped after {found.passes} passes at a relative gap of "
            f"{self._bound(found.gradient) / found.loss:.2g}, and {self.gap:g} was asked for: "
            "raise max_passes, gap or ridge"
        )


def cross_entropy(
    X: torch.Tensor, y: torch.Tensor, W: torch.Tensor, *, ridge: float
) -> tuple[float, torch.Tensor]:
    """Return mean cross-entropy + (ridge / 2) ‖W‖² at W (c, d), and its gradient (c, d).

    X (n, d) is read once, in blocks: each is still in cache when the gradient needs it.
    """
    n, total = len(X), 0.0
    gradient = torch.zeros_like(W)
    for rows in blocks(n):
        x, labels = X[rows], y[rows, None]
        log_p = torch.log_softmax(x @ W.T, dim=1)
        total -= float(log_p.gather(1, labels).sum(dtype=torch.float64))
        residual = log_p.exp_()
        residual.scatter_add_(1, labels, -torch.ones_like(labels, dtype=residual.dtype))
        gradient.addmm_(residual.T, x)
    decay = 0.5 * ridge * float(W.square().sum(dtype=torch.float64))
    return total / n + decay, gradient.div_(n).add_(W, alpha=ridge)


def _shrinkage(
    W: torch.Tensor, X: torch.Tensor, target: torch.Tensor, sample: torch.Tensor
) -> float:
    """The factor in [0, 1] of W that rows of X outside ``sample`` fit best; 1 where none are."""
    left = np.setdiff1d(np.arange(len(X)), sample.numpy(), assume_unique=True)
    if not len(left):
        return 1.0
    rows = torch.from_numpy(left[:: max(1, len(left) // UNSEEN_ROWS)][:UNSEEN_ROWS])
    logits, labels = X[rows] @ W.T, target[rows]
    found = minimize_scalar(
        lambda factor: float(torch.nn.functional.cross_entropy(factor * logits, labels)),
        bounds=(0, 1),
        method="bounded",
    )
    return float(found.x)


def _candidates(y: Int, classes: ClassTable, candidates: Candidates) -> Int:
    """The candidate classes, ascending; InputError for one without images."""
    columns = classes.candidates(candidates)
    empty = [classes.names[c] for c in columns if not (y == c).any()]
    if empty:
        raise InputError(
            f"softmax has no training image of class {', '.join(map(repr, empty))}: every "
            "candidate class needs some"
        )
    return columns
