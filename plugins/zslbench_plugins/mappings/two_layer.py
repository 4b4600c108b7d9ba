"""The objective of a two-layer map, its gradient, and a preconditioner that goes with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from zslbench_plugins.optim.curvature import Curvature
from zslbench_plugins.optim.rows import blocks

if TYPE_CHECKING:
    from zslbench_plugins.optim.spectrum import Spectrum

INNER_DAMPING = 0.1  # of the mean curvature of the hidden units
OUTER_DAMPING = 50.0  # of the hidden units' mean square: see TwoLayerLoss.precondition
RELAXED_DAMPING = 1.0  # where it ends
RELAX_AFTER, RELAX_HALF = 30, 10  # full passes: when it begins to fall, and by when it has halved


class Layers(NamedTuple):
    """W1 (h, d), b1 (h,), W2 (k, h), b2 (k,)."""

    W1: torch.Tensor
    b1: torch.Tensor
    W2: torch.Tensor
    b2: torch.Tensor

    def flat(self) -> torch.Tensor:
        """All weights as one vector, a copy."""
        return torch.cat([part.reshape(-1) for part in self])


def draw_layers(d: int, hidden: int, k: int, seed: int) -> Layers:
    """Weights uniform in ±sqrt(6 / (inputs + outputs)) of each layer; biases 0."""
    rng = np.random.Generator(np.random.PCG64(seed))

    def layer(outputs: int, inputs: int) -> torch.Tensor:
        bound = (6 / (inputs + outputs)) ** 0.5
        return torch.from_numpy(rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32))

    return Layers(layer(hidden, d), torch.zeros(hidden), layer(k, hidden), torch.zeros(k))


class TwoLayerLoss:
    """J = (1/2n) Σ ‖s − W2 tanh(W1 x + b1) − b2‖² + (decay/2)(‖W1‖² + ‖W2‖²).

    Over X (n, d) of rows y (n,) of class vectors S (c, k). Called with all weights as one vector,
    it reads X once, in blocks, and returns J and the gradient. The moments that
    :meth:`precondition` needs are sums over the same pass.
    """

    def __init__(
        self,
        X: torch.Tensor,
        y: torch.Tensor,
        S: torch.Tensor,
        *,
        hidden: int,
        decay: float,
        spectrum: Spectrum,
    ) -> None:
        self.X, self.y, self.S = X, y, S
        self.decay, self.spectrum = decay, spectrum
        d, k = X.shape[1], S.shape[1]
        self.shapes = ((hidden, d), (hidden,), (k, hidden), (k,))
        self.passes = 0

    def unpack(self, w: torch.Tensor) -> Layers:
        """The layers as views of the vector ``w``."""
        parts = torch.split(w, [int(np.prod(shape)) for shape in self.shapes])
        return Layers(*(part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)))

    def __call__(self, w: torch.Tensor) -> tuple[float, torch.Tensor]:
        self.passes += 1
        layers, flat = self.unpack(w), torch.zeros_like(w)
        gradient, n, total = self.unpack(flat), len(self.X), 0.0
        hidden = len(layers.b1)
        slopes = torch.zeros(hidden, hidden)
        outputs = torch.zeros(hidden + 1, hidden + 1)
        for rows in blocks(n):
            squares, h, slope = self._add(layers, gradient, rows)
            total += squares
            extended = torch.nn.functional.pad(h, (0, 1), value=1.0)
            slopes.addmm_(slope.T, slope)
            outputs.addmm_(extended.T, extended)
        self._average(flat, layers, gradient, n)
        self._keep(layers.W2, slopes / n, outputs / n)
        norms = sum(float(W.square().sum(dtype=torch.float64)) for W in (layers.W1, layers.W2))
        return total / (2 * n) + 0.5 * self.decay * norms, flat

    def on(self, w: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """The gradient of J on some ``rows`` alone: a mini-batch."""
        layers, flat = self.unpack(w), torch.zeros_like(w)
        gradient = self.unpack(flat)
        self._add(layers, gradient, rows)
        self._average(flat, layers, gradient, len(rows))
        return flat

    def _add(
        self, layers: Layers, gradient: Layers, rows: slice | torch.Tensor
    ) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Add the rows' gradient; return their squared error, hidden units and slopes."""
        x = self.X[rows]
        h = torch.addmm(layers.b1, x, layers.W1.T).tanh_()
        residual = torch.addmm(layers.b2, h, layers.W2.T) - self.S[self.y[rows]]
        slope = 1 - h * h
        gradient.W2.addmm_(residual.T, h)
        gradient.b2.add_(residual.sum(dim=0))
        back = (residual @ layers.W2) * slope
        gradient.b1.add_(back.sum(dim=0))
        gradient.W1.addmm_(back.T, x)
        return float(residual.square().sum(dtype=torch.float64)), h, slope

    def _average(self, flat: torch.Tensor, layers: Layers, gradient: Layers, n: int) -> None:
        flat.div_(n)
        gradient.W1.add_(layers.W1, alpha=self.decay)
        gradient.W2.add_(layers.W2, alpha=self.decay)

    def _keep(self, W2: torch.Tensor, slopes: torch.Tensor, outputs: torch.Tensor) -> None:
        self._inner = slopes * (W2.T @ W2)  # mean of D W2ᵀ W2 D: Gauss–Newton, D the slopes
        self._outer = outputs

    def precondition(self, flat: torch.Tensor) -> torch.Tensor:
        """An approximate inverse Hessian at the last point evaluated, times ``flat``.

        The Gauss–Newton blocks of the two layers. The outer layer is damped heavily: it could
        follow every change of the hidden units at once, and what came of that fitted the training
        images alone. With an outer layer that moves slowly, the hidden units do the work. Once
        they have settled the damping falls, since it would only slow the end down.
        """
        gradient = self.unpack(flat)
        inner = self._inner.clone()
        inner.diagonal().add_(INNER_DAMPING * inner.diagonal().mean() + 1e-12)
        curvature = Curvature(inner, self.spectrum, self.decay)
        outer = self._outer.double()
        outer.diagonal().add_(self.decay + self._damping() * outer.diagonal().mean())
        ends = torch.cat([gradient.W2, gradient.b2[:, None]], dim=1).double()
        solved = torch.linalg.solve(outer, ends.T).T.float()
        return Layers(
            curvature.solve(gradient.W1),
            curvature.solve_bias(gradient.b1),
            solved[:, :-1],
            solved[:, -1],
        ).flat()

    def _damping(self) -> float:
        late = max(0, self.passes - RELAX_AFTER)
        return max(RELAXED_DAMPING, OUTER_DAMPING * math.exp2(-late / RELAX_HALF))
