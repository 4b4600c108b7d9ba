"""The labels of a branch: the best of its candidates, ties to the first class of the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Branch, ClassTable, Float32, Floats, Int


def best(branch: Branch) -> Int:
    """The label (n,) with the highest score among all candidates."""
    labels: Int = branch.candidates[branch.scores.argmax(axis=1)]
    return labels


def best_of(branch: Branch, group: Int) -> tuple[Int, Floats]:
    """The best label (n,) among the candidates in ``group``, and its score (n,)."""
    columns = np.flatnonzero(np.isin(branch.candidates, group))
    scores = branch.scores[:, columns]
    return branch.candidates[columns[scores.argmax(axis=1)]], scores.max(axis=1)


def best_unseen(branch: Branch, classes: ClassTable) -> tuple[Int, Floats]:
    """The best label (n,) among the candidates that are not seen, and its score (n,)."""
    return best_of(branch, np.setdiff1d(branch.candidates, classes.seen))


def tied(*branches: Branch) -> float:
    """Share of images (0 to 1) where the winning score of a branch is reached twice."""
    ties = [
        (branch.scores == branch.scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
        for branch in branches
    ]
    return float(np.logical_or.reduce(ties).mean()) if len(ties[0]) else 0.0


def stored(values: Floats | None) -> Float32 | None:
    """A number an image as it is kept: float32."""
    return None if values is None else values.astype(np.float32)
