"""Reference rows that need labels, made by the harness and never ranked.

``oracle``: the method's two branches, told which test images are unseen. ``supervised``: the seen
classifier fitted on training images of all classes, unseen ones included: a ceiling.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Prediction, View
from zslbench.enforce import check_floats, tied_share
from zslbench.errors import InputError
from zslbench.fitted import fitted_numbers, read_fitted
from zslbench.fitting import needs_held_out
from zslbench.tasks import in_canonical_order

if TYPE_CHECKING:
    from zslbench.contracts import Progress, TestLabels
    from zslbench.pipeline import GatedPipeline
    from zslbench.stages import Arrays


def told(prediction: Prediction, labels: TestLabels) -> Prediction:
    """``prediction`` with a gate that knows which images are unseen (canonical order)."""
    margin = np.where(labels.is_unseen, -np.inf, np.inf).astype(np.float32)
    return replace(prediction, margin=margin, novel_label=prediction.zsl_label)


def supervised(pipeline: GatedPipeline) -> Prediction:
    """The seen classifier fitted on every class's training images; rows in canonical order."""
    bench = pipeline.bench
    classifier, label = bench.create("seen_classifier"), bench.refs["seen_classifier"].label
    if classifier.inputs != {"X"}:
        raise InputError(
            "the supervised ceiling needs a seen classifier that reads features alone; "
            f"{label!r} reads more: choose another with --seen-classifier"
        )
    if needs_held_out(classifier):
        raise InputError(
            "the supervised ceiling learns from every training image and holds none out; "
            f"{label!r} asks for held-out ones: choose another with --seen-classifier, or other "
            f"parameters ('zslbench show classifier {label}')"
        )
    key = pipeline.features.key | {
        "task": bench.task.fingerprint,
        "seed": bench.context.seed,
        "seen_classifier": bench.identities["seen_classifier"],
        "candidates": "all",
        "refit": True,
    }
    features: dict[str, Any] = {}
    arrays = bench.stages.arrays(
        "supervised",
        key,
        lambda progress: _fit(pipeline, features["X"], progress),
        inputs=lambda: features.update(X=_all_training(pipeline)),
    )
    pipeline.fitted["seen_classifier"] = read_fitted(arrays)
    return in_canonical_order(_joint(arrays["test"], pipeline), bench.task.test_order)


def _all_training(pipeline: GatedPipeline) -> Any:
    """Standardised features of every training image: the seen ones, then the unseen ones."""
    features, rows = pipeline.features, pipeline.bench.task.unseen_train_rows
    raw = features.raw("train", rows)
    return np.concatenate(
        [features.X_seen, features.standardise(raw, np.arange(len(rows)), "unseen")]
    )


def _fit(pipeline: GatedPipeline, X: Any, progress: Progress) -> Arrays:
    bench, task = pipeline.bench, pipeline.bench.task
    rows = np.concatenate([pipeline.features.seen_rows, task.unseen_train_rows])
    classifier = bench.create("seen_classifier")
    with bench.calling("seen_classifier", "fit"):
        classifier.fit(
            View(X=X),
            bench.data.train.labels[rows],
            task.classes,
            candidates="all",
            context=bench.telling(progress),
        )
    with bench.calling("seen_classifier", "decision"):
        scores = classifier.decision(View(X=pipeline.features.X_test))
    shape = (len(task.test_order), len(task.classes.names))
    check_floats(scores, shape, f"{bench.what('seen_classifier')}: decision")
    return {"test": scores, **fitted_numbers(classifier)}


def _joint(scores: Any, pipeline: GatedPipeline) -> Prediction:
    classes = pipeline.bench.task.classes
    known, novel = scores[:, classes.seen], scores[:, classes.unseen]
    unseen_label = classes.unseen[novel.argmax(axis=1)]
    return Prediction(
        known_label=classes.seen[known.argmax(axis=1)],
        novel_label=unseen_label,
        zsl_label=unseen_label,
        margin=(known.max(axis=1) - novel.max(axis=1)).astype(np.float32),
        tied=tied_share(scores),
    )
