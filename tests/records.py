"""Finished runs without running: a drawn prediction, scored, in a record that could be real."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from report_cases import component, digest

from zslbench.contracts import ClassTable, Prediction, TestLabels
from zslbench.record import DatasetRecord, ErrorRecord, Record, SplitRecord, StageRecord
from zslbench.score import score
from zslbench.store import Store

CLASSES = ClassTable(
    ("ant", "bee", "cow", "doe", "emu"), ("seen", "seen", "unseen", "seen", "unseen")
)
IMAGES = 20  # test images a class


def draw_prediction(seed: int = 0, right: float = 0.6) -> tuple[Prediction, TestLabels]:
    """A prediction of 100 images: each branch right with probability ``right``."""
    rng = np.random.Generator(np.random.PCG64(seed))
    y = np.repeat(np.arange(5), IMAGES)
    labels = TestLabels(y, np.isin(y, CLASSES.unseen))

    def guess(among: np.ndarray) -> np.ndarray:
        drawn = rng.choice(among, len(y))
        return np.where((rng.random(len(y)) < right) & np.isin(y, among), y, drawn)

    novelty = rng.normal(size=len(y)) + 1.5 * labels.is_unseen
    zsl = guess(CLASSES.unseen)
    prediction = Prediction(
        known_label=guess(CLASSES.seen),
        novel_label=zsl,
        zsl_label=zsl,
        margin=np.float32(0.7 - novelty),
        novelty=np.float32(novelty),
    )
    return prediction, labels


def draw_ids() -> np.ndarray:
    """Ids of the 100 images (n, 32)."""
    return np.random.Generator(np.random.PCG64(99)).integers(0, 256, (5 * IMAGES, 32), np.uint8)


@dataclass(frozen=True)
class Drawn:
    """A record and the prediction that its scores are of."""

    record: Record
    prediction: Prediction

    def store(self, out: Path) -> Path:
        """Store both as the runner does; return the run's folder."""
        return Store(out).put(self.record, self.prediction, draw_ids())


def draw(
    seed: int = 0, right: float = 0.6, slots: dict[str, Any] | None = None, **changes: Any
) -> Drawn:
    """A finished run; ``slots`` replaces components, ``changes`` fields of the record."""
    prediction, labels = draw_prediction(seed, right)
    kinds = {"backbone": "backbone", "mapping": "mapping", "gate": "gate"}
    parts = {slot: component(kind, f"plain-{kind}") for slot, kind in kinds.items()}
    parts["gate"] = component("gate", "plain-gate", cut=("seen_kept:0.9", "recipe"))
    parts |= slots or {}
    known = f"{seed} {right} {parts} {changes}"
    fields = {
        "run_id": digest(known),
        "status": "finished",
        "method": component("method", "plain"),
        "slots": parts,
        "ranked": True,
        "setting": "inductive",
        "dataset": _dataset(),
        "split": _split(labels),
        "overlap": dict.fromkeys(("cow", "emu"), "none"),
        "seed": seed,
        "threads": 1,
        "device": "cpu",
        "pipeline": {"version": 1},
        "cut": 0.7,
        "versions": {"python": "3.11.9", "zslbench": "0.1.0"},
        "git_revision": None,
        "machine": {"cpu": "Some CPU", "cores": 2, "system": "Linux x86_64"},
        "stages": [StageRecord(stage="score", seconds=1.25, peak_bytes=10**8, cached=False)],
        "scores": score(prediction, labels, CLASSES, curve="gate", resamples=20),
    }
    return Drawn(Record(**{**fields, **changes}), prediction)


def draw_failed() -> Drawn:
    """A run that failed."""
    error = ErrorRecord(kind="DataError", message="no vectors", exit_code=3)
    return draw(status="failed", error=error, scores=None, ranked=False)


def _dataset() -> DatasetRecord:
    return DatasetRecord(
        component=component("dataset", "animals"),
        fingerprint=digest("animals"),
        classes=list(CLASSES.names),
        train_images=500,
        test_images=5 * IMAGES,
        skipped_images=0,
        duplicates={"train": 0, "test": 0, "test_in_train": 0},
    )


def _split(labels: TestLabels) -> SplitRecord:
    unseen = int(labels.is_unseen.sum())
    return SplitRecord(
        unseen=["cow", "emu"],
        standard=True,
        validation=0.05,
        split_seed=0,
        fingerprint=digest("split"),
        train=285,
        held_out=15,
        test_seen=len(labels.y) - unseen,
        test_unseen=unseen,
    )
