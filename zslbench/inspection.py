"""A run's points and labels, for pictures and notebooks: what its record does not keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zslbench.errors import InputError
from zslbench.machine import limited_threads
from zslbench.pipeline import GatedPipeline
from zslbench.tasks import with_distractors

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Float32, TestLabels
    from zslbench.runner import Runner
    from zslbench.runspec import Request


@dataclass(frozen=True)
class Points:
    """Images and classes in the space that the mapping leads to."""

    train: Float32  # (n, m) of the seen training images, without the validation part
    test: Float32  # (n_test, m) in canonical order, the order of the predictions
    prototypes: Float32  # (c, m)


@dataclass(frozen=True)
class Inspection:
    """A task with its sealed labels open: for a reader's eyes, no component ever gets it."""

    classes: ClassTable
    labels: TestLabels  # canonical order
    pipeline: GatedPipeline | None

    def points(self) -> Points:
        """Map every image, from the cache where a run has done it; InputError without mapping."""
        pipeline = self.pipeline
        if pipeline is None:
            raise InputError("this method maps no image to class vectors: it has no points")
        bench = pipeline.bench
        with limited_threads(bench.context.threads):
            arrays = pipeline.mapped
        back = np.argsort(bench.task.test_order)
        return Points(arrays["Z_train"], arrays["Z_test"][back], arrays["prototypes"])


def inspect_run(runner: Runner, request: Request) -> Inspection:
    """Open what ``request`` would run on, and run nothing; raise as the run would."""
    bench = runner.open(request)
    recipe = not bench.refs["method"].target
    return Inspection(
        classes=with_distractors(bench.task.classes, bench.distractors),
        labels=bench.task.labels,
        pipeline=GatedPipeline(bench) if recipe else None,
    )
