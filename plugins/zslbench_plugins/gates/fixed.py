"""Gates without a cut: everything seen, everything unseen, or no gate at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.contracts import Curve, Prediction
from zslbench_plugins.gates.branches import best, best_of, best_unseen, stored, tied

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Floats, HeldOutSeen


class _FixedGate:
    needs: ClassVar[frozenset[str]] = frozenset()
    joint: ClassVar[bool] = False
    curve: ClassVar[Curve] = "gate"
    margin: ClassVar[float]

    def fit(self, heldout: HeldOutSeen) -> Self:
        """Learn nothing."""
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
        """Return the two branches' labels with one margin for all images."""
        return Prediction(
            known_label=best(known),
            novel_label=best(novel),
            zsl_label=best_unseen(novel, classes)[0],
            margin=np.full(len(known.scores), self.margin, np.float32),
            novelty=stored(novelty),
            p_unseen=stored(p_unseen),
            tied=tied(known, novel),
        )


class AllSeenGate(_FixedGate):
    """The seen classifier answers for every image."""

    margin = float("inf")


class AllUnseenGate(_FixedGate):
    """The unseen classifier answers for every image: conventional zero-shot learning."""

    margin = float("-inf")


class NoGate(_FixedGate):
    """The unseen classifier answers alone, over all classes.

    margin = its best seen score − its best unseen score, so the curve is that of calibrated
    stacking (Chao et al. 2016).
    """

    joint = True
    curve = "stacking"

    def combine(
        self,
        known: Branch,
        novel: Branch,
        *,
        classes: ClassTable,
        novelty: Floats | None,
        p_unseen: Floats | None,
    ) -> Prediction:
        """Return the joint classifier's best seen and best unseen label."""
        seen_label, seen_score = best_of(novel, classes.seen)
        unseen_label, unseen_score = best_unseen(novel, classes)
        return Prediction(
            known_label=seen_label,
            novel_label=unseen_label,
            zsl_label=unseen_label,
            margin=(seen_score - unseen_score).astype(np.float32),
            novelty=stored(novelty),
            p_unseen=stored(p_unseen),
            tied=tied(novel),
        )
