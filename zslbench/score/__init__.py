"""Scoring: pure functions of a stored :class:`~zslbench.contracts.Prediction` and the test labels.

All numbers are float64, computed from the float32 values as they are stored, and every share is a
fraction between 0 and 1. Nothing here depends on the order of the test images, and no image is
looked at: a stored prediction can be scored again at any time, with the same bits.
"""

from __future__ import annotations

from zslbench.score.histogram import NoveltyHistogram
from zslbench.score.scorer import score
from zslbench.score.table import ClassRow, CurveTable, NoveltyScores, Scores

__all__ = ["ClassRow", "CurveTable", "NoveltyHistogram", "NoveltyScores", "Scores", "score"]
