"""A gate's cut as the user writes it: ``seen_kept:0.9``, ``native``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zslbench.errors import InputError

Rule = Literal["seen_kept", "native"]


@dataclass(frozen=True)
class Cut:
    """A rule that turns the novelty of seen images into a cut."""

    rule: Rule
    share: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Read ``seen_kept:SHARE`` (0 < SHARE < 1) or ``native``; raise InputError."""
        rule, _, number = text.partition(":")
        if rule == "native" and not number:
            return cls("native")
        try:
            share = float(number)
        except ValueError:
            share = float("nan")
        if rule != "seen_kept" or not 0 < share < 1:
            raise InputError(
                f"cut {text!r}: write seen_kept:SHARE with 0 < SHARE < 1 (the share of held-out "
                "seen images that stay seen), or native (0, for a detector with a cut of its own)"
            )
        return cls("seen_kept", share)

    def on(self, novelty: NDArray[np.floating]) -> float:
        """Return the cut on ``novelty`` (n,) of seen images: at least SHARE of them lie below."""
        if self.rule == "native":
            return 0.0
        return float(np.quantile(novelty, self.share, method="higher"))
