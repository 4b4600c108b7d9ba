"""Methods that are classes of their own: an open task in, predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from zslbench.contracts import Curve, OpenTask, SeenData, Setting
from zslbench.enforce import check_prediction
from zslbench.images import PartImages
from zslbench.testing import samples
from zslbench.testing.laws import Outputs, check_laws, untouched

if TYPE_CHECKING:
    from zslbench.contracts import Int
    from zslbench.testing.subject import Subject

SLOTS = ("backbone", "embedding")  # those that the harness fills for such a method


def check_method(subject: Subject) -> None:
    """A prediction for every image, whatever the others are."""
    method = subject.create()
    _check_attributes(subject, method)
    table = samples.class_table()
    pixels, y = samples.pictures()
    features = samples.sample(np.arange(len(table.names)), seed=1)
    labels = features.y if method.input == "features" else y
    test = np.arange(0, len(labels), 2)
    train, held_out = (
        rows[np.isin(labels[rows], table.seen)] for rows in (test[10:] + 1, test[:10] + 1)
    )

    def source(rows: Int) -> Any:
        return features.X[rows] if method.input == "features" else PartImages(pixels, rows)

    def fit(method: Any, subject: Subject, read_only: bool) -> Any:
        unlabelled = PartImages(pixels, np.sort(np.concatenate([train, held_out])))
        task = OpenTask(
            SeenData(source(train), labels[train], source(held_out), labels[held_out]),
            table,
            source(test),
            unlabelled if method.setting == "train-unlabelled" else None,
        )
        with untouched(subject, "fit", read_only, task=task):
            return method.fit(task, context=samples.CONTEXT)

    def predict(method: Any, rows: Int) -> Outputs:
        prediction = method.predict(source(test[rows]))
        check_prediction(prediction, len(rows), table, f"{subject.what}: predict")
        return {
            name: getattr(prediction, name)
            for name in ("known_label", "novel_label", "zsl_label", "margin")
        }

    check_laws(subject, fit, predict, len(test), "predict")


def _check_attributes(subject: Subject, method: Any) -> None:
    subject.require(
        set(method.slots) <= set(SLOTS),
        f"slots are {', '.join(method.slots)}; a method that is a class of its own may have "
        f"{' and '.join(SLOTS)}",
    )
    for name, allowed in (
        ("input", ("features", "images")),
        ("setting", get_args(Setting)),
        ("curve", get_args(Curve)),
    ):
        subject.require(
            getattr(method, name) in allowed,
            f"{name} is {getattr(method, name)!r}; expected one of {', '.join(allowed)}",
        )
    subject.require(
        method.input == "images" or "backbone" in method.slots,
        "it takes features as input but has no slot 'backbone'",
    )
