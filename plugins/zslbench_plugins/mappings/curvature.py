"""A Kronecker-factored guess of the inverse Hessian of the two-layer map.

After Martens and Grosse 2015 (K-FAC): a layer's curvature is about the second moment of its inputs
times that of its outputs' sensitivities. The first layer's inputs are the features, of which the
leading directions are known; the loss is quadratic in the second layer, whose curvature is exact.
"""

from __future__ import annotations

import torch

from zslbench_plugins.mappings.two_layer import Layers, Network
from zslbench_plugins.optim.spectrum import Spectrum

EVERY = 15  # accepted steps between two updates of the sensitivities
ROWS = 4000  # of the sample that they are taken from
DAMPING = 1e-3  # of the largest sensitivity, for the hidden biases


class Curvature:
    """Preconditions gradients; :meth:`accepted` follows the search and renews the factors."""

    def __init__(
        self,
        network: Network,
        X: torch.Tensor,
        spectrum: Spectrum,
        decay: float,
        flat: torch.Tensor,
    ) -> None:
        self.network, self.spectrum, self.decay = network, spectrum, decay
        few = spectrum.sample[:: max(1, len(spectrum.sample) // ROWS)][:ROWS]
        self.rows = X[few]
        self.steps = 0
        self._renew(flat)

    def accepted(self, flat: torch.Tensor) -> None:
        """Note an accepted step to ``flat``."""
        self.steps += 1
        if self.steps % EVERY == 0:
            self._renew(flat)

    def __call__(self, gradient: torch.Tensor) -> torch.Tensor:
        """Multiply a flat gradient by the guess of the inverse Hessian."""
        out = gradient.clone()
        self._scale(self.network.layers(gradient), self.network.layers(out))
        return out

    def _renew(self, flat: torch.Tensor) -> None:
        layers = self.network.layers(flat)
        hidden = self.network.hidden(layers, self.rows)
        slopes = 1 - hidden.square()
        sensitivity = (slopes.T @ slopes) / len(hidden) * (layers.W2.T @ layers.W2)
        values, self.basis = torch.linalg.eigh(sensitivity)
        values = values.clamp(min=0)
        leading = values[:, None] * self.spectrum.values[None]
        self.inside = 1 / (leading + self.decay)
        self.across = 1 / (values * self.spectrum.tail + self.decay)[:, None]
        self.biases = 1 / (values + DAMPING * values.max().clamp(min=1e-12))
        inputs = torch.cat([hidden, torch.ones(len(hidden), 1)], dim=1).double()
        moment = inputs.T @ inputs / len(inputs)
        moment.diagonal().add_(self.decay)
        self.second = torch.linalg.cholesky(moment).float()

    def _scale(self, gradient: Layers, out: Layers) -> None:
        V = self.spectrum.directions
        rotated = self.basis.T @ gradient.W1
        inside = rotated @ V
        scaled = (inside * (self.inside - self.across)) @ V.T + self.across * rotated
        out.W1.copy_(self.basis @ scaled)
        out.b1.copy_(self.basis @ (self.biases * (self.basis.T @ gradient.b1)))
        stacked = torch.cat([gradient.W2, gradient.b2[:, None]], dim=1)
        solved = torch.cholesky_solve(stacked.T.contiguous(), self.second).T
        out.W2.copy_(solved[:, :-1])
        out.b2.copy_(solved[:, -1])
