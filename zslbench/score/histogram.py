"""How novelty is spread over seen and over unseen test images: counts, no image told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

if TYPE_CHECKING:
    from zslbench.contracts import Bool
    from zslbench.score.outcomes import Float64

BINS = 40
TAIL = 0.001
"""Share of the images at either end that may lie outside the edges: one outlier in a thousand
would otherwise squeeze all others into one bin."""


class NoveltyHistogram(BaseModel):
    """Test images by novelty, in b bins of one width; truth stays here as counts alone.

    The first and the last bin also hold the images beyond the edges, so the counts sum to the
    seen and to the unseen test images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    edges: tuple[float, ...] = Field(description="b + 1 rising edges; a bin holds its lower one")
    seen: tuple[NonNegativeInt, ...] = Field(description="seen test images in each bin")
    unseen: tuple[NonNegativeInt, ...] = Field(description="unseen test images in each bin")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not len(self.edges) - 1 == len(self.seen) == len(self.unseen) >= 1:
            raise ValueError("b + 1 edges go with b seen and b unseen counts")
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges must rise")
        return self


def count_novelty(novelty: Float64, unseen: Bool) -> NoveltyHistogram:
    """Count images by ``novelty`` (n,), those of ``unseen`` classes (n,) apart; ±inf allowed."""
    edges = _choose_edges(novelty)
    bins = np.clip(np.searchsorted(edges, novelty, side="right") - 1, 0, BINS - 1)
    counts = (np.bincount(bins[rows], minlength=BINS) for rows in (~unseen, unseen))
    seen_counts, unseen_counts = (tuple(count.tolist()) for count in counts)
    return NoveltyHistogram(edges=tuple(edges.tolist()), seen=seen_counts, unseen=unseen_counts)


def _choose_edges(novelty: Float64) -> Float64:
    finite = novelty[np.isfinite(novelty)]
    if not len(finite):
        return np.linspace(-0.5, 0.5, BINS + 1)
    # Values, not interpolated ones: two that differ stay far enough apart for 40 rising edges.
    low = float(np.quantile(finite, TAIL, method="lower"))
    high = float(np.quantile(finite, 1 - TAIL, method="higher"))
    if low == high:
        reach = 0.5 * max(1.0, abs(low))
        low, high = low - reach, high + reach
    return np.linspace(low, high, BINS + 1)
