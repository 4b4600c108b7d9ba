"""The hard gate: an image is seen or it is not (Socher et al. 2013, § 5, equation for P(V | x))."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.contracts import Curve, Prediction
from zslbench.errors import InputError
from zslbench_plugins.gates.branches import best, best_unseen, stored, tied
from zslbench_plugins.gates.cut import CutSetting, Number

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Floats, HeldOutSeen


class HardGate:
    """margin = cut − novelty: below the cut the seen classifier answers, else the unseen one.

    ``cut`` = "seen_kept:SHARE" is set on the novelty of held-out seen images; with ``cut_from`` =
    "train", as in the paper, on the images that the map and the detector were fitted on, which is
    optimistic. "native" is 0, for a detector with a cut of its own. "probability:P" compares the
    detector's probability instead: margin = P − p_unseen.
    """

    joint: ClassVar[bool] = False
    curve: ClassVar[Curve] = "gate"

    def __init__(self, cut: str = "seen_kept:0.9", cut_from: str = "held-out") -> None:
        self.cut = cut
        self.cut_from = cut_from

    @property
    def needs(self) -> frozenset[Number]:
        """What it compares with its cut."""
        return frozenset({self._setting.number})

    @property
    def needs_native_cut(self) -> bool:
        """Whether the detector must have a cut of its own."""
        return self.cut == "native"

    @property
    def _setting(self) -> CutSetting:
        return CutSetting("hard", self.cut, self.cut_from)

    def check(self, *, validation: float) -> None:
        """Raise InputError for a cut that cannot be read, or that no seen image is held out for."""
        self._setting.check(validation=validation)

    def fit(self, heldout: HeldOutSeen) -> Self:
        """Find the cut; raise InputError where no seen image was held out.

        ``threshold_`` is the cut; ``cut_`` too where it is one on novelty, else None.
        """
        self.threshold_ = self._setting.threshold(heldout)
        self.cut_ = self.threshold_ if self._setting.number == "novelty" else None
        return self

    def combine(
        self,
        known: Branch,
        novel: Branch,
        *,
        classes: ClassTable,
        novelty: Floats | None,
        p_unseen: Floats | None,
    ) -> Prediction:
        """Return the two branches' labels with margin = cut − novelty, or P − p_unseen.

        Both numbers are compared in float32, as they are stored. Raises InputError where the number
        is lacking that the cut is on.
        """
        given = {"novelty": stored(novelty), "p_unseen": stored(p_unseen)}
        compared = given[self._setting.number]
        if compared is None:
            raise InputError(
                f"gate 'hard' with cut {self.cut!r} needs a novelty detector that gives "
                f"{self._setting.number}: choose another with --novelty, see 'zslbench list "
                "novelty'"
            )
        return Prediction(
            known_label=best(known),
            novel_label=best(novel),
            zsl_label=best_unseen(novel, classes)[0],
            margin=np.float32(self.threshold_) - compared,
            novelty=given["novelty"],
            p_unseen=given["p_unseen"],
            tied=tied(known, novel),
        )
