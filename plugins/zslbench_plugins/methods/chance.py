"""Chance: the floor that every leaderboard needs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from zslbench.contracts import Curve, Prediction, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zslbench.contracts import Context, Floats, ImageSource, OpenTask


class Chance:
    """Every label equally likely, drawn from the seed and the image's own pixels.

    Drawn from the pixels, so that a label depends neither on the order of the test images nor on
    which others are among them.
    """

    slots: ClassVar[Mapping[str, str]] = {}
    input: ClassVar[Literal["features", "images"]] = "images"
    setting: ClassVar[Setting] = "inductive"
    curve: ClassVar[Curve] = "stacking"

    def fit(self, task: OpenTask, *, context: Context) -> Self:
        """Keep which classes are seen; no image is looked at."""
        self.seen_ = task.classes.seen
        self.unseen_ = task.classes.unseen
        self.seed_ = context.seed
        return self

    def predict(self, source: ImageSource) -> Prediction:
        """Score every class by a uniform random number; the best seen, the best unseen, margin."""
        scores = np.concatenate([self._draw(block) for block in source.blocks()])
        known, novel = scores[:, self.seen_], scores[:, self.unseen_]
        unseen_label = self.unseen_[novel.argmax(axis=1)]
        return Prediction(
            known_label=self.seen_[known.argmax(axis=1)],
            novel_label=unseen_label,
            zsl_label=unseen_label,
            margin=(known.max(axis=1) - novel.max(axis=1)).astype(np.float32),
        )

    def _draw(self, block: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Floats:
        """One uniform number for each image and class (b, c)."""
        columns = len(self.seen_) + len(self.unseen_)
        rows = []
        for image in block:
            key = hashlib.sha256(f"chance:{self.seed_}:".encode() + image.tobytes()).digest()
            raw = np.random.PCG64(int.from_bytes(key)).random_raw(columns)
            rows.append((raw >> np.uint64(11)) * 2.0**-53)
        return np.array(rows)
