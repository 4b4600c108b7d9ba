"""Logistic regressions of several binary targets on the same features: a pass serves them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from zslbench_plugins.optim.curvature import Curvature
from zslbench_plugins.optim.lbfgs import minimise
from zslbench_plugins.optim.rows import blocks
from zslbench_plugins.optim.spectrum import leading_spectrum

ROWS = 5_000  # sampled for the curvature, which need not be exact

Part = tuple[torch.Tensor, torch.Tensor]  # X (n, d) float32, targets (n, t) of 0 and 1


@dataclass(frozen=True)
class Logistic:
    """Weights of t regressions, a row each, the bias in the last column (t, d + 1).

    ``loss`` is the sum of theirs; none is further than ``gap`` · loss / t above its minimum.
    """

    weights: torch.Tensor
    loss: float
    gap: float
    passes: int
    reached: bool


def fit_logistic(
    parts: Sequence[Part],
    *,
    ridge: float,
    gap: float,
    max_passes: int,
    seed: int,
    progress: Callable[[int], None],
) -> Logistic:
    """Minimise, for every target, mean log loss + (ridge / 2) ‖(w, b)‖² over the rows of ``parts``.

    The bias b is the weight of a feature that is 1, and decays like the others: so each loss is
    ridge-strongly convex in all its weights, f(w) − f* ≤ ‖∇f‖² / (2 ridge). L-BFGS goes on until
    this bound is at most ``gap`` times the mean loss for every target. It starts without weights,
    with the bias that gives a target's own share, and from the curvature there: share · (1 − share)
    times the features' second moment, taken from rows of the first part.
    """
    X, _ = parts[0]
    share = torch.cat([target for _, target in parts]).mean(dim=0, dtype=torch.float64)
    loss_curvature = (share * (1 - share)).float()
    spectrum = leading_spectrum(X, seed=seed, rows=ROWS)
    curvature = Curvature(torch.diag(loss_curvature), spectrum, ridge)
    start = torch.zeros(len(share), X.shape[1] + 1)
    start[:, -1] = torch.logit(share)

    def precondition(gradient: torch.Tensor) -> torch.Tensor:
        solved = torch.empty_like(gradient)
        solved[:, :-1] = curvature.solve(gradient[:, :-1])
        solved[:, -1] = gradient[:, -1] / (loss_curvature + ridge)
        return solved

    found = minimise(
        partial(log_loss, parts, ridge=ridge),
        start,
        precondition=precondition,
        done=lambda loss, gradient: _gap(loss, gradient, ridge) <= gap,
        max_passes=max_passes,
        progress=progress,
    )
    reached = _gap(found.loss, found.gradient, ridge)
    return Logistic(found.w, found.loss, reached, found.passes, found.reached)


def log_loss(
    parts: Sequence[Part], weights: torch.Tensor, *, ridge: float
) -> tuple[float, torch.Tensor]:
    """Return the sum over targets of mean log loss + (ridge / 2) ‖(w, b)‖², and its gradient.

    ``weights`` and the gradient are (t, d + 1). Each X is read once, in blocks: a block is still in
    cache when the gradient needs it.
    """
    total, n = 0.0, 0
    gradient = torch.zeros_like(weights)
    W, b = weights[:, :-1], weights[:, -1]
    for X, targets in parts:
        n += len(X)
        for rows in blocks(len(X)):
            x, target = X[rows], targets[rows]
            logits = torch.addmm(b, x, W.T)
            each = torch.nn.functional.softplus(logits) - target * logits
            total += float(each.sum(dtype=torch.float64))
            residual = torch.sigmoid(logits).sub_(target)
            gradient[:, :-1].addmm_(residual.T, x)
            gradient[:, -1] += residual.sum(dim=0)
    decay = 0.5 * ridge * float(weights.square().sum(dtype=torch.float64))
    return total / n + decay, gradient.div_(n).add_(weights, alpha=ridge)


def _gap(loss: float, gradient: torch.Tensor, ridge: float) -> float:
    """The largest bound of a target's distance to its minimum, relative to the mean loss."""
    worst = float(gradient.square().sum(dim=1, dtype=torch.float64).max()) / (2 * ridge)
    return worst * len(gradient) / loss
