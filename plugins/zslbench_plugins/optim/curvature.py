"""A Kronecker-factored curvature and its inverse: a preconditioner for a layer on features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from zslbench_plugins.optim.spectrum import Spectrum

SMALLEST = 1e-6  # of the largest eigenvalue: directions below it, constant columns say, count as it


class Curvature:
    """H = G ⊗ C + ridge · I, for weights (c, d) on features of second moment C (d, d).

    G (c, c) is the curvature of the loss in the layer's outputs, averaged over images: exact where
    it doesn't depend on the image (Martens and Grosse 2015). C is known along the leading
    directions of ``spectrum``; across them its last eigenvalue stands for all.
    """

    def __init__(self, G: torch.Tensor, spectrum: Spectrum, ridge: float) -> None:
        values, basis = torch.linalg.eigh(G.double())
        g = values.clamp(min=SMALLEST * max(float(values[-1]), SMALLEST)).float()
        smallest = SMALLEST * max(float(spectrum.values[0]), SMALLEST)
        c = spectrum.values.clamp(min=smallest)
        self.g, self.basis, self.spectrum = g[:, None], basis.float(), spectrum
        self.leading = 1 / (self.g * c + ridge)
        self.rest = 1 / (self.g * c[-1] + ridge)

    def solve(self, V: torch.Tensor) -> torch.Tensor:
        """H⁻¹ V, for V (c, d)."""
        rotated = self.basis.T @ V
        solved: torch.Tensor = self.basis @ self.spectrum.scale(rotated, self.leading, self.rest)
        return solved

    def solve_bias(self, v: torch.Tensor) -> torch.Tensor:
        """The same for the layer's bias (c,): a feature that is 1, without ridge."""
        solved: torch.Tensor = self.basis @ ((self.basis.T @ v) / self.g[:, 0])
        return solved
