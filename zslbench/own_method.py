"""A whole method that is a class of its own: one opaque stage on an open task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.class_embedding import class_embedding, fingerprint
from zslbench.contracts import OpenTask, Prediction, SeenData
from zslbench.enforce import INVARIANCE_ROWS, check_prediction, check_rowwise
from zslbench.errors import PluginError
from zslbench.feature_table import FeatureTable
from zslbench.outcome import Outcome
from zslbench.tasks import in_canonical_order, with_distractors

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Progress
    from zslbench.stages import Arrays

SUPPORTED = ("backbone", "embedding")  # the slots that the harness fills for such a method
FIELDS = ("known_label", "novel_label", "zsl_label", "margin", "novelty", "p_unseen")


def predict_whole(bench: Bench) -> Outcome:
    """Fit the method on what an open task holds, and predict every test image."""
    method, label = bench.create("method"), bench.what("method")
    _check_slots(method, label)
    table = FeatureTable(bench) if "backbone" in method.slots else None
    embedding = class_embedding(bench) if "embedding" in method.slots else None

    def compute(progress: Progress) -> Arrays:
        task = _open_task(bench, table, embedding)
        context = bench.telling(progress)
        with bench.calling("method", "fit"):
            method.fit(task, context=context)
        with bench.calling("method", "predict"):
            prediction = method.predict(task.test)
        check_prediction(prediction, len(bench.task.test_order), task.classes, label)
        if method.setting != "instance-transductive":
            _check_alone(bench, method, task, prediction)
        return _pack(prediction)

    key = bench.key(
        **{slot: bench.identities[slot] for slot in ("method", *method.slots)},
        seed=bench.context.seed,
        task=bench.task.fingerprint,
        classes=fingerprint(embedding) if embedding else None,
        **({"distractors": bench.distractors} if bench.distractors else {}),
    )
    arrays = bench.stages.arrays(
        "method", key, compute, inputs=lambda: table and (table.X_seen, table.X_test)
    )
    prediction = _unpack(arrays)
    return Outcome(
        prediction=in_canonical_order(prediction, bench.task.test_order),
        curve=method.curve,
        setting=_setting(method, table),
        embedding=embedding,
        pretraining=table.pretraining if table else None,
    )


def _setting(method: Any, table: FeatureTable | None) -> str:
    """The method's own, unless its backbone learnt from training images of all classes."""
    if table is not None and method.setting == "inductive" and table.fit_on == "train-unlabelled":
        return "train-unlabelled"
    return str(method.setting)


def _check_alone(bench: Bench, method: Any, task: OpenTask, prediction: Prediction) -> None:
    """Raise PluginError where the first test images get another margin when they come alone."""
    rows = slice(0, INVARIANCE_ROWS)
    few = (
        task.test[rows]
        if method.input == "features"
        else bench.images(bench.data.test, bench.task.test_order[rows])
    )
    with bench.calling("method", "predict"):
        alone = method.predict(few)
    finite = np.isfinite(prediction.margin)
    if finite.all():
        check_rowwise(lambda _: alone.margin, prediction.margin, bench.what("method"))
    elif not np.array_equal(alone.margin, prediction.margin[rows]):
        raise PluginError(
            f"{bench.what('method')} gives other margins to the first test images when they come "
            "alone: declare setting 'instance-transductive', or score each image by itself"
        )


def _check_slots(method: Any, label: str) -> None:
    beyond = [slot for slot in method.slots if slot not in SUPPORTED]
    if beyond:
        raise PluginError(
            f"{label} declares slots {beyond}; a method that is a class of its own may have "
            f"{' and '.join(SUPPORTED)}: write the rest inside it, or offer it as a recipe"
        )
    if method.input == "features" and "backbone" not in method.slots:
        raise PluginError(f"{label} takes features as input but has no slot 'backbone': add it")


def _open_task(bench: Bench, table: FeatureTable | None, embedding: Any) -> OpenTask:
    task, train = bench.task, bench.data.train
    rows = {"train": task.train_rows, "validation": task.validation_rows}
    part: dict[str, Any] = (
        {name: table.X(name) for name in ("train", "validation", "test")}
        if table is not None
        else {name: bench.images(train, chosen) for name, chosen in rows.items()}
        | {"test": bench.images(bench.data.test, task.test_order)}
    )
    everything = np.arange(len(train.labels))
    return OpenTask(
        seen=SeenData(
            train=part["train"],
            train_labels=train.labels[task.train_rows],
            validation=part["validation"],
            validation_labels=train.labels[task.validation_rows],
        ),
        classes=replace(with_distractors(task.classes, bench.distractors), embedding=embedding),
        test=part["test"],
        unlabelled=bench.images(train, everything)
        if bench.create("method").setting == "train-unlabelled"
        else None,
    )


def _pack(prediction: Prediction) -> Arrays:
    arrays = {name: getattr(prediction, name) for name in FIELDS}
    kept = {name: array for name, array in arrays.items() if array is not None}
    return kept | {"tied": np.asarray(prediction.tied)}


def _unpack(arrays: Arrays) -> Prediction:
    fields: dict[str, Any] = {name: arrays.get(name) for name in FIELDS}
    return Prediction(**fields, tied=float(arrays["tied"]))
