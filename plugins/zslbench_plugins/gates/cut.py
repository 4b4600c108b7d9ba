"""A gate's cut as the user writes it: ``seen_kept:0.9``, ``probability:0.5``, ``native``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Floats, HeldOutSeen

Number = Literal["novelty", "p_unseen"]
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

    def on(self, novelty: Floats) -> float:
        """Return the cut on ``novelty`` (n,) of seen images: at least SHARE of them lie below.

        A rule that is no share looks at no image: P, or 0 for ``native``.
        """
        if self.rule != "seen_kept":
            return self.value
        return float(np.quantile(novelty, self.value, method="higher"))


@dataclass(frozen=True)
class CutSetting:
    """A gate's parameters ``cut`` and ``cut_from``; ``gate`` is its name in messages."""

    gate: str
    cut: str
    cut_from: str

    @property
    def number(self) -> Number:
        """What is compared with the cut."""
        return "p_unseen" if self.cut.startswith("probability") else "novelty"

    def check(self, *, validation: float) -> None:
        """Raise InputError for a cut that cannot be read, or that no seen image is held out for."""
        if Cut.parse(self.cut).rule == "seen_kept" and self.cut_from != "train" and not validation:
            raise self._no_images()

    def threshold(self, heldout: HeldOutSeen) -> float:
        """Return where the cut lies; raise InputError where no seen image was held out."""
        rule = Cut.parse(self.cut)
        novelty = heldout.train_novelty if self.cut_from == "train" else heldout.novelty
        if rule.rule == "seen_kept" and (novelty is None or not len(novelty)):
            raise self._no_images()
        return rule.on(np.zeros(0) if novelty is None else novelty)

    def _no_images(self) -> InputError:
        return InputError(
            f"gate {self.gate!r} sets its cut {self.cut!r} on held-out seen images and there are "
            "none: give --validation a share > 0, or --set gate.cut_from=train"
        )
