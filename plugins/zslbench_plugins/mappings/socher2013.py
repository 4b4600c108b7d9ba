"""The two-layer map of Socher et al. 2013, § 4: images onto their classes' word vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from zslbench.errors import InputError
from zslbench_plugins.mappings.two_layer import TwoLayerLoss, draw_layers
from zslbench_plugins.optim.adam import descend
from zslbench_plugins.optim.lbfgs import Minimum, minimise
from zslbench_plugins.optim.rows import as_tensor, blocks
from zslbench_plugins.optim.spectrum import leading_spectrum

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int

MEMORY = 15  # pairs of L-BFGS: 20 MB each at 12,800 features and 200 hidden units


class TwoLayerMapping:
    """f = W2 tanh(W1 x + b1) + b2, trained on the mean squared distance to the class vectors.

    J = (1/2n) Σ ‖s − f(x)‖² + (decay/2)(‖W1‖² + ‖W2‖²), over all weights: ``epochs`` of
    mini-batches (Adam), then L-BFGS with a Kronecker-factored preconditioner. J is not convex: a
    point found is stationary at best.

    Training stops where ‖∇J‖ ≤ ``tolerance`` · ‖∇J at the start‖, or after ``max_passes`` full
    passes over the features, or before it would read more than ``max_work`` · 10⁹ feature values:
    20 passes over CIFAR-10's. These two are a budget, not a failure:
    ``benchmarks/mapping.py --full`` compares its loss with that of 500 plain full-batch L-BFGS
    iterations from the same start, the authors' own budget.
    ``gradient_ratio_`` tells which of them it was.
    """

    def __init__(
        self,
        hidden: int = 200,
        decay: float = 1e-4,
        epochs: int = 20,
        max_passes: int = 400,
        max_work: float = 9.6,
        tolerance: float = 1e-4,
    ) -> None:
        self.hidden = hidden
        self.decay = decay
        self.epochs = epochs
        self.tolerance = tolerance
        self.max_passes = max_passes
        self.max_work = max_work

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Learn ``W1_`` (h, d), ``b1_`` (h,), ``W2_`` (k, h), ``b2_`` (k,) from X and S[y].

        Keeps ``loss_``, ``passes_`` and ``gradient_ratio_`` too. Raises InputError where features
        or class vectors are not finite.
        """
        torch.set_num_threads(context.threads)
        features = as_tensor(X)
        loss = TwoLayerLoss(
            features,
            torch.from_numpy(np.asarray(y, dtype=np.int64)),
            torch.from_numpy(np.array(S, dtype=np.float32)),
            hidden=self.hidden,
            decay=self.decay,
            spectrum=leading_spectrum(features, seed=context.seed),
        )
        start = draw_layers(features.shape[1], self.hidden, S.shape[1], context.seed).flat()
        first = float(loss(start)[1].norm())
        found = self._train(loss, start, first, context)
        self.W1_, self.b1_, self.W2_, self.b2_ = (p.numpy().copy() for p in loss.unpack(found.w))
        self.loss_, self.passes_ = found.loss, self.epochs + found.passes
        self.gradient_ratio_ = float(found.gradient.norm()) / first if first > 0 else 0.0
        return self

    def _train(
        self, loss: TwoLayerLoss, start: torch.Tensor, first: float, context: Context
    ) -> Minimum:
        """Minimise from ``start``, where the gradient's norm is ``first``."""
        affordable = max(1, int(self.max_work * 1e9 / loss.X.numel()))
        max_passes = min(self.max_passes, affordable)
        steps = self.epochs + max_passes
        begun = descend(
            loss.on,
            start,
            rows=len(loss.X),
            epochs=self.epochs,
            seed=context.seed,
            progress=lambda epoch: context.progress(epoch, steps),
        )

        def done(value: float, gradient: torch.Tensor) -> bool:
            if not math.isfinite(value):
                raise InputError(
                    f"socher2013: the loss is {value}; finite features and class vectors are "
                    "needed: look for NaN and infinite values in them"
                )
            return float(gradient.norm()) <= self.tolerance * first

        return minimise(
            loss,
            begun,
            precondition=loss.precondition,
            done=done,
            max_passes=max_passes,
            memory=MEMORY,
            progress=lambda passes: context.progress(self.epochs + passes, steps),
        )

    def transform(self, X: Float32) -> Float32:
        """Return f of the rows of X: (n, d) → Z (n, k)."""
        features, W1, W2 = as_tensor(X), torch.from_numpy(self.W1_), torch.from_numpy(self.W2_)
        b1, b2 = torch.from_numpy(self.b1_), torch.from_numpy(self.b2_)
        out = torch.empty(len(features), len(b2))
        for rows in blocks(len(features)):
            out[rows] = torch.addmm(b2, torch.addmm(b1, features[rows], W1.T).tanh_(), W2.T)
        mapped: Float32 = out.numpy()
        return mapped

    def transform_classes(self, S: Float32) -> Float32:
        """Return S: images are mapped to the class vectors themselves."""
        return S
