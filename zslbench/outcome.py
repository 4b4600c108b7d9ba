"""What a method gave on one task: its prediction, and what it used on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Curve, Embedding, Prediction, Pretraining
    from zslbench.pipeline import GatedPipeline
    from zslbench.runspec import RunSpec
    from zslbench.wordspace import WordSpace


@dataclass(frozen=True)
class Outcome:
    """A prediction in canonical order, and the facts that its record states."""

    prediction: Prediction
    curve: Curve
    setting: str
    embedding: Embedding | None = None
    pretraining: Pretraining | None = None
    cut: float | None = None
    wordspace: WordSpace | None = None
    fitted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Slot → numbers that its fit left: loss, passes, the ridge that was chosen."""
    done: Mapping[str, str] = field(default_factory=dict)
    """What the pipeline did besides its components: refit, standardise."""


def predict(bench: Bench, spec: RunSpec) -> Outcome:
    """Run the method of ``spec``: a recipe of slots, or a class of its own."""
    from zslbench.own_method import predict_whole
    from zslbench.pipeline import GatedPipeline
    from zslbench.reference import supervised, told

    if spec.method.target:
        return predict_whole(bench)
    pipeline = GatedPipeline(bench)
    if spec.reference == "supervised":
        outcome = _outcome(pipeline, supervised(pipeline), "stacking", words=False)
        return replace(
            outcome,
            done={
                **outcome.done,
                "refit": "the seen classifier, on training images of all classes",
            },
        )
    prediction = pipeline.predict()
    if spec.reference == "oracle":
        prediction = told(prediction, bench.task.labels)
    return _outcome(pipeline, prediction, pipeline.gate.curve, words=True)


def _outcome(
    pipeline: GatedPipeline, prediction: Prediction, curve: Curve, *, words: bool
) -> Outcome:
    unlabelled = pipeline.features.fit_on == "train-unlabelled"
    cut: Any = getattr(pipeline.gate, "cut_", None) if words else None
    return Outcome(
        prediction=prediction,
        curve=curve,
        setting="train-unlabelled" if unlabelled else "inductive",
        embedding=pipeline.vocabulary.embedding if words else None,
        pretraining=pipeline.features.pretraining,
        cut=None if cut is None else float(cut),
        wordspace=_wordspace(pipeline, prediction) if words else None,
        fitted=pipeline.fitted,
        done={
            "refit": "the seen classifier, on training and validation parts"
            if pipeline.refits
            else "none: the seen classifier asks for held-out images",
            "standardise": "mean and variance of the seen training part"
            if pipeline.features.standardises
            else "none: the features' scale has a meaning",
        },
    )


def _wordspace(pipeline: GatedPipeline, prediction: Prediction) -> WordSpace:
    """Class vectors and mapped test images on a plane, for the report."""
    from zslbench.wordspace import describe_wordspace

    bench, classes = pipeline.bench, pipeline.vocabulary
    known = prediction.margin > 0
    return describe_wordspace(
        pipeline.prototypes,
        pipeline.mapped["Z_test"][np.argsort(bench.task.test_order)],
        np.where(known, prediction.known_label, prediction.novel_label),
        classes.names,
        classes.roles,
        seed=bench.context.seed,
        metric=pipeline.embedding.metric,
    )
