"""The authors' own run of cat and truck, as their repository has it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

AUTHORS = "the authors' own run"
AuthorsCurves = dict[str, list[tuple[float, float]]]


def read_curves(folder: Path | None) -> AuthorsCurves:
    """The authors' points (seen, unseen accuracy) a detector; empty where they are not at hand."""
    path = folder / "cat_truck_curves.csv" if folder else None
    if path is None or not path.is_file():
        return {}
    found: AuthorsCurves = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            point = float(line["seen_accuracy"]), float(line["unseen_accuracy"])
            found.setdefault(line["detector"], []).append(point)
    return found


def passage(curves: AuthorsCurves, detector: str, seen: float = 0.7) -> float | None:
    """The authors' unseen accuracy at ``seen``, linear between points; None without their curve."""
    points = sorted(curves.get(detector, ()))
    if not points:
        return None
    s, u = zip(*points, strict=True)
    return float(np.interp(seen, s, u))


def best_h(curves: AuthorsCurves, detector: str) -> float | None:
    """The best harmonic mean at one of the authors' points; None without their curve."""
    return max((2 * s * u / (s + u) for s, u in curves.get(detector, ()) if s + u), default=None)


def read_confusion(folder: Path | None) -> dict[str, dict[str, int]]:
    """The authors' counts, true class → label given → images; empty where they are not at hand."""
    path = folder / "cat_truck_bayesian_loop_confusion.csv" if folder else None
    if path is None or not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            line.pop("true"): {name: int(count) for name, count in line.items()}
            for line in csv.DictReader(file)
        }
