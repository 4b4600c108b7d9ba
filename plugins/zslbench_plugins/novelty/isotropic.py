"""Isotropic Gaussians in blocks: points of many dimensions are never copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Floats, Int

BLOCK = 4_000_000  # numbers a step, 32 MB in float64


def class_means(points: Floats, y: Int, classes: ClassTable, who: str) -> Floats:
    """Return the means (c_s, m) float64 of ``points`` (n, m) a seen class.

    Raises InputError for a seen class without points.
    """
    means = np.zeros((len(classes.seen), points.shape[1]))
    for row, own in enumerate(_members(y, classes, who)):
        for some in _blocks(own, points.shape[1]):
            means[row] += points[some].sum(axis=0, dtype=np.float64)
        means[row] /= len(own)
    return means


def class_variances(
    points: Floats, y: Int, classes: ClassTable, centres: Floats, who: str
) -> Floats:
    """Return σ_y² (c_s,), the mean of ‖x − μ_y‖² / m over each seen class's points.

    Raises InputError for a seen class without points, or whose points all lie on its centre.
    """
    m = points.shape[1]
    variances = np.zeros(len(classes.seen))
    for row, own in enumerate(_members(y, classes, who)):
        total = sum(
            float(np.square(points[some].astype(np.float64) - centres[row]).sum())
            for some in _blocks(own, m)
        )
        if not total > 0:
            raise InputError(
                f"{who}: the {len(own)} training points of class "
                f"{classes.names[classes.seen[row]]!r} all lie on its centre; a positive variance "
                "is needed: give the class more images, or choose a backbone or mapping that does "
                "not collapse them"
            )
        variances[row] = total / (len(own) * m)
    return variances


def log_densities(points: Floats, centres: Floats, variances: Floats) -> Floats:
    """Return log N(x | μ_y, σ_y² I) (n, c) float64 of ``points`` (n, m).

    Squared distances are ‖x‖² − 2 x·μ + ‖μ‖²: a product of matrices, in float64, where float32
    points leave digits enough for the difference.
    """
    n, m = points.shape
    lengths = np.square(centres).sum(axis=1)
    normaliser = m * np.log(2 * np.pi * variances)
    out = np.empty((n, len(centres)))
    for some in _blocks(np.arange(n), m):
        rows = slice(some[0], some[-1] + 1)  # a slice copies nothing
        x = points[rows].astype(np.float64)
        squares = np.einsum("ij,ij->i", x, x)[:, None] - 2 * (x @ centres.T) + lengths
        out[rows] = -0.5 * (np.maximum(squares, 0) / variances + normaliser)
    return out


def _members(y: Int, classes: ClassTable, who: str) -> Iterator[Int]:
    """The rows of each seen class."""
    for label in classes.seen:
        own = np.flatnonzero(y == label)
        if not len(own):
            raise InputError(
                f"{who} has no training image of seen class {classes.names[label]!r}: every seen "
                "class needs some"
            )
        yield own


def _blocks(rows: Int, m: int) -> Iterator[Int]:
    step = max(1, BLOCK // m)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]
