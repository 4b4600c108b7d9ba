"""What the seen classifier is not sure of: maximum softmax probability, entropy, free energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import log_softmax, logsumexp

from zslbench_plugins.sklearn_family.spaces import points_of

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Context, Floats, Int, View, ViewInput


class _Confidence:
    """Reads logits (n, c_s), and learns nothing: the classifier has learnt already."""

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"logits"})

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self:
        """Return self; raise InputError where the view has no logits."""
        points_of(view, "logits", type(self).__name__)
        return self

    def _logits(self, view: View) -> Floats:
        logits: Floats = points_of(view, "logits", type(self).__name__).astype(np.float64)
        return logits


class MaxSoftmaxDetector(_Confidence):
    """novelty = −log max_y softmax(logits / ``temperature``)_y, in nats.

    The order is that of Hendrycks & Gimpel 2017, minus the maximum softmax probability, and goes on
    where probabilities round to 1. A temperature above 1 is that of ODIN (Liang, Li & Srikant 2018,
    § 3), without its perturbed inputs.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def novelty(self, view: View) -> Floats:
        """(n,) float64, ≥ 0."""
        scaled = self._logits(view) / self.temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        # the largest term is exp(0): what the others add to it, so that tiny doubts are not lost
        scaled.partition(scaled.shape[1] - 1, axis=1)
        doubt: Floats = np.log1p(np.exp(scaled[:, :-1]).sum(axis=1))
        return doubt


class EntropyDetector(_Confidence):
    """novelty = −Σ_y p_y log p_y of p = softmax(logits), in nats."""

    def novelty(self, view: View) -> Floats:
        """(n,) float64, from 0 to log c_s."""
        log_p = log_softmax(self._logits(view), axis=1)
        entropy: Floats = -(np.exp(log_p) * log_p).sum(axis=1)
        return entropy


class EnergyDetector(_Confidence):
    """novelty = −T log Σ_y exp(logit_y / T), the free energy of Liu et al. 2020, equation 4.

    Unlike the others it reads the level of the logits, which only a classifier trained on the
    cross-entropy sets in a way that means something.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def novelty(self, view: View) -> Floats:
        """(n,) float64, in units of the logits."""
        scaled = self._logits(view) / self.temperature
        energy: Floats = -self.temperature * logsumexp(scaled, axis=1)
        return energy
