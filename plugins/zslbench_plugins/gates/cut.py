"""A gate's cut as the user writes it: ``seen_kept:0.9``, ``probability:0.5``, ``native``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zslbench.errors import InputError

Rule = Literal["seen_kept", "probability", "native"]


@dataclass(frozen=True)
class Cut:
    """A rule that says where the cut lies; ``value`` is SHARE or P."""

    rule: Rule
    value: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Read ``seen_kept:SHARE`` (0 < SHARE < 1), ``probability:P`` (0 ≤ P ≤ 1) or ``native``.

        Raises InputError for anything else.
        """
        rule, _, number = text.partition(":")
        if text == "native":
            return cls("native")
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if rule == "seen_kept" and 0 < value < 1:
            return cls("seen_kept", value)
        if rule == "probability" and 0 <= value <= 1:
            return cls("probability", value)
        raise InputError(
            f"cut {text!r}: write seen_kept:SHARE with 0 < SHARE < 1 (the share of held-out seen "
            "images that stay seen), probability:P with 0 ≤ P ≤ 1 (for a detector with a "
            "probability), or native (0, for a detector with a cut of its own)"
        )

    def on(self, novelty: NDArray[np.floating]) -> float:
        """Return the cut on ``novelty`` (n,) of seen images: at least SHARE of them lie below.

        A rule that is no share looks at no image: P, or 0 for ``native``.
        """
        if self.rule != "seen_kept":
            return self.value
        return float(np.quantile(novelty, self.value, method="higher"))
