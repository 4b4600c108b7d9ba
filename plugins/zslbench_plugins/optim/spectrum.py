"""The leading eigenvectors of a feature matrix's second moment, from a sample of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from zslbench.errors import InputError

RANK = 600
ROWS = 12_000  # sampled: enough for a preconditioner, which need not be exact
LANDMARKS = 2_000


@dataclass(frozen=True)
class Spectrum:
    """Eigenvectors (d, r) and eigenvalues (r,) of Xᵀ X / n, descending; mean of the rest."""

    directions: torch.Tensor
    values: torch.Tensor
    tail: float
    sample: torch.Tensor  # the rows that were used (m,), ascending
    scores: torch.Tensor  # X[sample] @ directions (m, r)

    def scale(
        self, V: torch.Tensor, leading: torch.Tensor, rest: torch.Tensor | float
    ) -> torch.Tensor:
        """Multiply rows V (c, d) by ``leading`` (r,) along the directions, by ``rest`` across."""
        inside = V @ self.directions
        return rest * V + (inside * (leading - rest)) @ self.directions.T


def leading_spectrum(X: torch.Tensor, *, seed: int, rank: int = RANK, rows: int = ROWS) -> Spectrum:
    """Find the leading ``rank`` directions of X (n, d): Nyström start, one subspace iteration.

    Halko, Martinsson and Tropp 2011, § 4.5. Keeps a copy of at most ``rows`` rows for a while.
    Raises InputError where these are not finite.
    """
    n, d = X.shape
    order = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    sample = torch.from_numpy(np.sort(order[: min(rows, n)]))
    part = X[sample]
    if not torch.isfinite(part.sum()):  # NaN and infinity stay in a sum
        raise InputError(
            "features hold NaN or infinite values, and finite ones are needed: look for them in "
            "the backbone's output"
        )
    m = len(part)
    rank = min(rank, d, max(1, m // 2))
    if d <= 2 * rank:
        basis = torch.eye(d)
    else:
        few = part[:: max(1, m // LANDMARKS)][:LANDMARKS]
        _, vectors = torch.linalg.eigh(few @ few.T)
        start, _ = torch.linalg.qr(few.T @ vectors[:, -rank:])
        basis, _ = torch.linalg.qr(part.T @ (part @ start))
    projected = part @ basis
    values, rotation = torch.linalg.eigh(projected.T @ projected / m)
    keep = torch.arange(len(values) - 1, len(values) - 1 - rank, -1)
    values, rotation = values[keep].clamp(min=0), rotation[:, keep]
    total = part.square().sum(dtype=torch.float64).item() / m
    tail = max(total - values.sum(dtype=torch.float64).item(), 0.0) / max(d - rank, 1)
    return Spectrum(basis @ rotation, values, tail, sample, projected @ rotation)
