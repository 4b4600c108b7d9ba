"""L-BFGS whose first guess of the inverse Hessian is given (Nocedal and Wright, § 7.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch

Objective = Callable[[torch.Tensor], tuple[float, torch.Tensor]]  # w → loss, gradient
Precondition = Callable[[torch.Tensor], torch.Tensor]  # gradient → H₀ gradient

ARMIJO = 1e-4
ROUNDING = 1e-7  # of the loss: what float32 sums can tell apart
SHORTEST = 1e-6  # step below which a line search has failed


@dataclass(frozen=True)
class Minimum:
    """Where a minimisation stopped; ``passes`` counts evaluations of the objective."""

    w: torch.Tensor
    loss: float
    gradient: torch.Tensor
    passes: int
    reached: bool


def minimise(
    objective: Objective,
    w: torch.Tensor,
    *,
    precondition: Precondition,
    done: Callable[[float, torch.Tensor], bool],
    max_passes: int,
    memory: int = 20,
    progress: Callable[[int], None] | None = None,
) -> Minimum:
    """Minimise ``objective`` from ``w`` until ``done(loss, gradient)`` or ``max_passes``.

    ``progress`` is told the number of passes. The loss never rises by more than rounding. A step
    that fails the line search clears the memory once; a second failure in a row ends the search
    with ``reached`` False.
    """
    loss, gradient = objective(w)
    passes, failed = 1, False
    pairs: deque[tuple[torch.Tensor, torch.Tensor, float]] = deque(maxlen=memory)
    while not done(loss, gradient):
        if passes >= max_passes:
            return Minimum(w, loss, gradient, passes, reached=False)
        direction = _direction(gradient, pairs, precondition)
        slope, step = _dot(gradient, direction), 1.0
        while True:
            candidate = w + step * direction
            new_loss, new_gradient = objective(candidate)
            passes += 1
            if progress is not None:
                progress(passes)
            if new_loss <= loss + ARMIJO * step * slope + ROUNDING * abs(loss):
                break
            step *= _shrink(loss, new_loss, step * slope)
            if step < SHORTEST or passes >= max_passes:
                break
        if new_loss > loss + ROUNDING * abs(loss):
            if failed or not pairs:
                return Minimum(w, loss, gradient, passes, reached=False)
            failed = True
            pairs.clear()
            continue
        failed = False
        moved, turned = candidate - w, new_gradient - gradient
        curvature = _dot(moved, turned)
        if curvature > 1e-10 * _dot(moved, moved) ** 0.5 * _dot(turned, turned) ** 0.5:
            pairs.append((moved, turned, curvature))
        w, loss, gradient = candidate, new_loss, new_gradient
    return Minimum(w, loss, gradient, passes, reached=True)


def _direction(
    gradient: torch.Tensor,
    pairs: deque[tuple[torch.Tensor, torch.Tensor, float]],
    precondition: Precondition,
) -> torch.Tensor:
    """The two-loop recursion."""
    q = gradient.clone()
    weights = []
    for moved, turned, curvature in reversed(pairs):
        weights.append(_dot(moved, q) / curvature)
        q -= weights[-1] * turned
    q = precondition(q)
    for (moved, turned, curvature), weight in zip(pairs, reversed(weights), strict=True):
        q += (weight - _dot(turned, q) / curvature) * moved
    return -q


def _shrink(loss: float, new_loss: float, slope: float) -> float:
    """Minimum of the parabola through both losses, between a tenth and a half of the step."""
    rise = new_loss - loss - slope
    return min(0.5, max(0.1, -slope / (2 * rise))) if rise > 0 else 0.5


def _dot(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).sum(dtype=torch.float64))
