"""The metrics that a file's columns allow: the scorer's own, with what is not told left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Prediction
from zslbench.record import PartialScores
from zslbench.score import Scores, score

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Float32, TestLabels
    from zslbench.external.given import Given

NEEDS = {
    "zsl_label": ("T1", "T1_se", "zsl_accuracy", "zsl_accuracy_se"),
    "known_label": (
        "known_accuracy", "known_accuracy_se",
        "known_accuracy_per_class", "known_accuracy_per_class_se",
    ),
    "margin": ("seen_kept", "seen_kept_se", "unseen_caught", "unseen_caught_se"),
    "has_curve": (
        "AUSUC", "AUSUC_se", "h_oracle", "h_oracle_se", "unseen_at_70_seen",
        "unseen_at_70_seen_se", "u_at_70_s", "curve",
    ),
    "curve": ("curve_kind",),
    "tied": ("tied",),
}  # fmt: skip
"""What of :class:`~zslbench.external.given.Given` → the scores that cannot be without it."""


def score_given(
    given: Given, labels: TestLabels, classes: ClassTable, **options: Any
) -> Scores | PartialScores:
    """Return the scores of what a file tells; PartialScores where any of a run's is absent.

    ``options`` are :func:`~zslbench.score.score`'s. The numbers are its own: a stand-in takes the
    place of what is not told, and every score that depends on it becomes None. The bootstrap's
    errors depend on the images' order, too: without a margin they are those of a gate with a cut
    on novelty (up to ties); beside another run's they differ as other draws would.
    """
    stand_in, curve = _complete(given, classes), given.curve or "gate"
    fields = score(stand_in, labels, classes, curve=curve, **options).model_dump()
    absent = [part for part in NEEDS if _is_absent(getattr(given, part))]
    for part in absent:
        fields |= dict.fromkeys(NEEDS[part])
    untold = {"seen": given.known_label is None, "unseen": given.zsl_label is None}
    for row in fields["per_class"]:
        if untold[row["role"]]:
            row["group_accuracy"] = None
    return PartialScores(**fields) if absent else Scores(**fields)


def _is_absent(part: Any) -> bool:
    return part is None or part is False


def _complete(given: Given, classes: ClassTable) -> Prediction:
    """A whole prediction with the answers of ``given``; what it adds is never scored."""
    answer, margin = given.answer, _margin(given)
    taken, seen, unseen = margin > 0, classes.seen[0], classes.unseen[0]
    known, novel, zsl = given.known_label, given.novel_label, given.zsl_label
    if novel is None or given.margin is None:
        novel = np.where(taken, unseen, answer)
    return Prediction(
        known_label=np.where(taken, answer, seen) if known is None else known,
        novel_label=novel,
        zsl_label=np.full(len(answer), unseen) if zsl is None else zsl,
        margin=margin,
        novelty=given.novelty,
        tied=given.tied or 0.0,
    )


def _margin(given: Given) -> Float32:
    """The margin; where there is none, below 0 for every image, and falling with novelty."""
    if given.margin is not None:
        return given.margin
    if given.novelty is None:
        return np.full(len(given.answer), -1, dtype=np.float32)
    _, rank = np.unique(given.novelty, return_inverse=True)
    return (-1 - rank).astype(np.float32)
