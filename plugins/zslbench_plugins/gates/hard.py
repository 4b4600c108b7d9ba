"""The hard gate: an image is seen or it is not (Socher et al. 2013, § 5, equation for P(V | x))."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.contracts import Curve, Prediction
from zslbench.errors import InputError
from zslbench_plugins.gates.branches import best, best_unseen, tied
from zslbench_plugins.gates.cut import Cut

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Floats, HeldOutSeen


class HardGate:
    """margin = cut − novelty: below the cut the seen classifier answers, else the unseen one.

    ``cut`` is set on the novelty of held-out seen images; with ``cut_from`` = "train", as in the
    paper, on the images that the map and the detector were fitted on, which is optimistic.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"novelty"})
    joint: ClassVar[bool] = False
    curve: ClassVar[Curve] = "gate"

    def __init__(self, cut: str = "seen_kept:0.9", cut_from: str = "held-out") -> None:
        self.cut = cut
        self.cut_from = cut_from

    def fit(self, heldout: HeldOutSeen) -> Self:
        """Find the cut; raise InputError where no seen image was held out."""
        rule = Cut.parse(self.cut)
        novelty = heldout.train_novelty if self.cut_from == "train" else heldout.novelty
        if rule.rule == "seen_kept" and (novelty is None or not len(novelty)):
            raise InputError(
                f"gate 'hard' sets its cut {self.cut!r} on held-out seen images and there are none:"
                " give --validation a share > 0, or --set gate.cut_from=train"
            )
        self.cut_ = rule.on(np.zeros(0) if novelty is None else novelty)
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
        """Return the two branches' labels with margin = cut − novelty, in float32 as stored."""
        if novelty is None:
            raise InputError("gate 'hard' needs a novelty detector")
        stored = novelty.astype(np.float32)
        return Prediction(
            known_label=best(known),
            novel_label=best(novel),
            zsl_label=best_unseen(novel, classes),
            margin=np.float32(self.cut_) - stored,
            novelty=stored,
            p_unseen=None if p_unseen is None else p_unseen.astype(np.float32),
            tied=tied(known, novel),
        )
