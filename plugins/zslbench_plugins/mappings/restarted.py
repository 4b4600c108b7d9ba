"""The two-layer map from another start: how much hangs on where training begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from zslbench_plugins.mappings.socher2013 import TwoLayerMapping

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int


class RestartedMapping(TwoLayerMapping):
    """The map of Socher et al. 2013, § 4, its first weights and batches drawn anew.

    ``start`` (at least 1) numbers the draws; each run seed has its own. All else that the seed
    decides (dictionary, validation part) stays as it is, so a difference between two starts is one
    between two stationary points of the same objective.
    """

    def __init__(
        self,
        start: int = 1,
        hidden: int = 200,
        decay: float = 1e-4,
        epochs: int = 20,
        max_passes: int = 400,
        max_work: float = 9.6,
        tolerance: float = 1e-4,
    ) -> None:
        super().__init__(hidden, decay, epochs, max_passes, max_work, tolerance)
        self.start = start

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Learn as the map does, from another start; raise as it does."""
        drawn = np.random.SeedSequence([context.seed, self.start]).generate_state(1)
        other = replace(context, seed=int(drawn[0]))
        return super().fit(X, y, S, validation=validation, context=other)
