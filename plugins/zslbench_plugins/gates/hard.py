"""The hard gate: an image is seen or it is not (Socher et al. 2013, § 5, equation for P(V | x))."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from zslbench.contracts import Curve, Prediction
from zslbench.errors import InputError
from zslbench_plugins.gates.branches import best, best_unseen, tied
from zslbench_plugins.gates.cut import Cut

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Float32, Floats, HeldOutSeen

Number = Literal["novelty", "p_unseen"]


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
        return frozenset({self._number})

    @property
    def needs_native_cut(self) -> bool:
        """Whether the detector must have a cut of its own."""
        return self.cut == "native"

    @property
    def _number(self) -> Number:
        return "p_unseen" if self.cut.startswith("probability") else "novelty"

    def check(self, *, validation: float) -> None:
        """Raise InputError for a cut that cannot be read, or that no seen image is held out for."""
        if Cut.parse(self.cut).rule == "seen_kept" and self.cut_from != "train" and not validation:
            raise self._no_images()

    def fit(self, heldout: HeldOutSeen) -> Self:
        """Find the cut; raise InputError where no seen image was held out.

        ``threshold_`` is the cut; ``cut_`` too where it is one on novelty, else None.
        """
        rule = Cut.parse(self.cut)
        novelty = heldout.train_novelty if self.cut_from == "train" else heldout.novelty
        if rule.rule == "seen_kept" and (novelty is None or not len(novelty)):
            raise self._no_images()
        self.threshold_ = rule.on(np.zeros(0) if novelty is None else novelty)
        self.cut_ = self.threshold_ if self._number == "novelty" else None
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
        stored = {"novelty": _stored(novelty), "p_unseen": _stored(p_unseen)}
        compared = stored[self._number]
        if compared is None:
            raise InputError(
                f"gate 'hard' with cut {self.cut!r} needs a novelty detector that gives "
                f"{self._number}: choose another with --novelty, see 'zslbench list novelty'"
            )
        return Prediction(
            known_label=best(known),
            novel_label=best(novel),
            zsl_label=best_unseen(novel, classes)[0],
            margin=np.float32(self.threshold_) - compared,
            novelty=stored["novelty"],
            p_unseen=stored["p_unseen"],
            tied=tied(known, novel),
        )

    def _no_images(self) -> InputError:
        return InputError(
            f"gate 'hard' sets its cut {self.cut!r} on held-out seen images and there are none:"
            " give --validation a share > 0, or --set gate.cut_from=train"
        )


def _stored(values: Floats | None) -> Float32 | None:
    return None if values is None else values.astype(np.float32)
