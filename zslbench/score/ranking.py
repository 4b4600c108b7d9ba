"""A ranking of images by one value, with equal values kept together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Floats, Int


@dataclass(frozen=True)
class Ranking:
    """Images from the highest value to the lowest.

    ``order`` (n,) holds their rows; ``ends`` (g,) says how many images the first 1, 2, … g groups
    of equal values hold, so its last entry is n.
    """

    order: Int
    ends: Int


def rank(values: Floats) -> Ranking:
    """Rank ``values`` (n,) downwards. Infinities are allowed, one group per sign; no NaN."""
    order = np.argsort(-values, kind="stable").astype(np.int64)
    ordered = values[order]
    # Not np.diff: the difference of two infinities is NaN.
    last = np.append(ordered[1:] != ordered[:-1], True)
    return Ranking(order=order, ends=np.flatnonzero(last).astype(np.int64) + 1)
