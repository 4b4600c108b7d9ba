"""The curvature of softmax regression and its inverse: a preconditioner that couples classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from zslbench_plugins.optim.curvature import SMALLEST, Curvature

if TYPE_CHECKING:
    from zslbench_plugins.optim.spectrum import Spectrum

UNKNOWNS = 1_600  # weights along the coupled directions: 200 directions for 8 classes


class SoftmaxCurvature:
    """H = mean of (diag(p) − p pᵀ) ⊗ x xᵀ + ridge · I, for weights (c, d) and probabilities p.

    The first ``coupled`` directions of ``spectrum`` hold nearly all of it, and there it is taken as
    it is, over the rows that the spectrum sampled. Along the others the two factors are averaged
    apart (:class:`Curvature`).
    """

    def __init__(self, P: torch.Tensor, spectrum: Spectrum, ridge: float) -> None:
        """``P`` (m, c): the probabilities of the rows that ``spectrum`` sampled."""
        m, c = P.shape
        self.coupled = coupled_directions(c, spectrum)
        self.spectrum = spectrum
        scores = spectrum.scores[:, : self.coupled]
        weighted = (P[:, :, None] * scores[:, None, :]).reshape(m, -1)
        H = (weighted.T @ weighted).double().div_(-m).view(c, self.coupled, c, self.coupled)
        for i in range(c):
            H[i, :, i] += (scores.T @ (P[:, i, None] * scores)).double() / m
        H = H.view(len(weighted.T), -1)
        H.diagonal().add_(ridge + SMALLEST * float(H.diagonal().max()))
        self.factor = torch.linalg.cholesky(H)
        self.averaged = Curvature(torch.diag(P.mean(dim=0)) - P.T @ P / m, spectrum, ridge)

    def solve_coupled(self, v: torch.Tensor) -> torch.Tensor:
        """H⁻¹ along the coupled directions alone, for v (c, ``coupled``)."""
        solved = torch.cholesky_solve(v.reshape(-1, 1).double(), self.factor)
        return solved.view_as(v).float()

    def solve(self, V: torch.Tensor) -> torch.Tensor:
        """H⁻¹ V, for V (c, d)."""
        leading = self.spectrum.directions[:, : self.coupled]
        inside = V @ leading
        outside = self.averaged.solve(V - inside @ leading.T)
        return outside + self.solve_coupled(inside) @ leading.T


def coupled_directions(classes: int, spectrum: Spectrum) -> int:
    """How many directions are coupled: what ``UNKNOWNS`` leaves for so many classes."""
    return min(max(1, UNKNOWNS // classes), len(spectrum.values))
