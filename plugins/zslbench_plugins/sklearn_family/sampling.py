"""A seeded subsample of the training images, every class in proportion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zslbench.contracts import Int


def chosen_rows(y: Int, max_train: int | None, seed: int) -> Int | None:
    """Return ``max_train`` rows of ``y`` (n,) in ascending order; None where all are wanted.

    Each class gives the same share of its rows, and at least one while there is room for all.
    """
    n = len(y)
    if max_train is None or max_train >= n:
        return None
    mixed = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    place = np.empty(n)  # of each row in its class, as a share of the class: 0 for the first one
    for label in np.unique(y):
        own = mixed[y[mixed] == label]
        place[own] = np.arange(len(own)) / len(own)
    first = np.argsort(place[mixed], kind="stable")[:max_train]
    return np.sort(mixed[first]).astype(np.int64)
