"""What a prediction got right, image by image: the one thing that every metric reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import DataError, InputError, PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Bool, ClassTable, Floats, Int, Prediction, TestLabels

    Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Checked results of n test images over c classes, in an order of their own.

    Rows are sorted by class and then by all that was predicted, so that scores do not depend on
    the order of the test images, not even in the last bit or in a bootstrap draw.
    """

    y: Int  # (n,) true classes, ascending
    unseen: Bool  # (n,) whether the true class is unseen
    answer: Int  # (n,) the final label; c for any distractor
    known_right: Bool  # (n,) right if taken as known
    novel_right: Bool  # (n,) right if taken as novel
    zsl_right: Bool  # (n,) right among the unseen classes alone
    margin: Float64  # (n,) > 0: taken as known
    novelty: Float64 | None  # (n,)
    images: Int  # (c,) test images of each class

    @property
    def known(self) -> Bool:
        """Whether the method itself takes an image as known (n,)."""
        return self.margin > 0

    @property
    def right(self) -> Bool:
        """Whether the final label is right (n,)."""
        right: Bool = self.answer == self.y
        return right

    def where(self, unseen: bool) -> Int:
        """Rows of the images of unseen (or seen) classes, ascending."""
        return np.flatnonzero(self.unseen == unseen).astype(np.int64)

    def shares(self, unseen: bool) -> Float64:
        """Weights (n,) under which a sum over images is the mean over unseen (or seen) classes.

        Classes without test images do not count; images of the other role weigh nothing.
        """
        rows = self.where(unseen)
        weights = np.zeros(len(self.y))
        weights[rows] = 1 / (self.images[self.y[rows]] * len(np.unique(self.y[rows])))
        return weights


def read_outcomes(prediction: Prediction, labels: TestLabels, classes: ClassTable) -> Outcomes:
    """Check a prediction against the labels and say what is right.

    Raises DataError for labels that do not fit the classes, InputError where the test set has no
    image of a seen or none of an unseen class (there is no generalised zero-shot score then), and
    PluginError for a prediction that breaks its contract.
    """
    y, unseen = _read_labels(labels, classes)
    n, everything = len(y), classes.candidates("all+distractors")
    known = _read_predicted("known_label", prediction.known_label, n, classes.seen, "seen")
    novel = _read_predicted("novel_label", prediction.novel_label, n, everything, "the task's")
    others = classes.candidates("unseen+distractors")
    zsl = _read_predicted("zsl_label", prediction.zsl_label, n, others, "unseen")
    margin = _read_values("margin", prediction.margin, n)
    given = prediction.novelty
    novelty = None if given is None else _read_values("novelty", given, n)
    _check_tied(prediction.tied)
    c = len(classes.candidates("all"))
    novel, zsl = np.minimum(novel, c), np.minimum(zsl, c)
    rank = margin if novelty is None else novelty
    rows = np.lexsort((zsl, novel, known, rank, margin, y))
    y, known, novel = y[rows], known[rows], novel[rows]
    margin = margin[rows]
    return Outcomes(
        y=y,
        unseen=unseen[rows],
        answer=np.where(margin > 0, known, novel),
        known_right=known == y,
        novel_right=novel == y,
        zsl_right=zsl[rows] == y,
        margin=margin,
        novelty=None if novelty is None else novelty[rows],
        images=np.bincount(y, minlength=c).astype(np.int64),
    )


def _read_labels(labels: TestLabels, classes: ClassTable) -> tuple[Int, Bool]:
    y, unseen = np.asarray(labels.y), np.asarray(labels.is_unseen)
    c = len(classes.candidates("all"))
    if y.ndim != 1 or y.dtype.kind not in "iu" or unseen.shape != y.shape:
        raise DataError(
            f"test labels: y is {y.dtype}{y.shape}, is_unseen {unseen.shape}; both must be of "
            "shape (n,), y of integers: make the task again"
        )
    if len(y) and not 0 <= y.min() <= y.max() < c:
        raise DataError(
            f"test labels: from {y.min()} to {y.max()}, but the task's {c} classes are 0 to "
            f"{c - 1}: make the task again from its data set"
        )
    of_role = np.isin(y, classes.unseen)
    if (of_role != unseen).any():
        row = int(np.argmax(of_role != unseen))
        raise DataError(
            f"test labels: image {row} is of class '{classes.names[y[row]]}' "
            f"({classes.roles[y[row]]}), but is_unseen is {unseen[row]}: make the task again"
        )
    for role, there in (("seen", (~of_role).any()), ("unseen", of_role.any())):
        if not there:
            raise InputError(
                f"no test image is of a class that is {role} ({len(y)} test images): scores need "
                "both seen and unseen ones; choose other unseen classes or more test images"
            )
    return y.astype(np.int64), of_role


def _read_predicted(name: str, given: Any, n: int, allowed: Int, which: str) -> Int:
    labels = np.asarray(given)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise PluginError(
            f"{name}: {labels.dtype}{labels.shape}; a prediction has one integer for each of the "
            f"{n} test images: mend the method's predict, or the gate's combine"
        )
    bad = np.flatnonzero(~np.isin(labels, allowed))
    if len(bad):
        raise PluginError(
            f"{name}: {labels[bad[0]]} for test image {bad[0]} ({len(bad)} such images); allowed "
            f"are the indices of {which} classes, as of {len(allowed)} in the class table: mend "
            "the method's predict, or the gate's combine"
        )
    return labels.astype(np.int64)


def _read_values(name: str, given: Floats, n: int) -> Float64:
    values = np.asarray(given)
    if values.shape != (n,) or values.dtype.kind not in "fiu":
        raise PluginError(
            f"{name}: {values.dtype}{values.shape}; a prediction has one number for each of the "
            f"{n} test images: mend the method's predict, or the gate's combine"
        )
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise PluginError(
            f"{name}: NaN for test image {missing[0]} ({len(missing)} of {n}); any number and ±inf "
            "are allowed: a method that yields NaN breaks its contract, mend it"
        )
    # Predictions are stored as float32: what is scored now must equal what is scored again later.
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


def _check_tied(tied: float) -> None:
    if not 0 <= tied <= 1:
        raise PluginError(
            f"tied: {tied}; the share of test images with a tie in the winning label is between "
            "0 and 1: mend the method's predict, or the gate's combine"
        )
