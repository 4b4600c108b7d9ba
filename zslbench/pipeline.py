"""The gated classifier as a graph of stages: each is computed when another asks for it.

features → standardised X → mapped Z; X, Z → seen classifier, novelty, unseen classifier → gate →
Prediction. Outputs on the training, validation and test parts are cached; a stage whose output is
in the cache does not even open its inputs. The mapping, the novelty detector and the gate's cut are
fitted without the validation part; the seen classifier is then refitted on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.class_embedding import class_embedding
from zslbench.contracts import Branch, Candidates, Embedding, HeldOutSeen, Prediction, View
from zslbench.enforce import check_floats, check_prediction, check_rowwise
from zslbench.errors import InputError
from zslbench.feature_table import FeatureTable
from zslbench.hashes import hash_array

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import ClassTable, Int, Progress, ViewInput
    from zslbench.stages import Arrays

PARTS = ("train", "validation", "test")


class GatedPipeline:
    """A recipe's components on one task; :meth:`predict` is the way in."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.features = FeatureTable(bench)
        task = bench.task
        labels = bench.data.train.labels
        self.y = {"train": labels[task.train_rows], "validation": labels[task.validation_rows]}

    @cached_property
    def classes(self) -> ClassTable:
        """The task's classes with their embedding."""
        return replace(self.bench.task.classes, embedding=class_embedding(self.bench))

    @cached_property
    def embedding(self) -> Embedding:
        """The class vectors."""
        embedding = self.classes.embedding
        if embedding is None:
            raise InputError("the method has no class embedding")
        return embedding

    @cached_property
    def gate(self) -> Any:
        """The gate; fitted once :meth:`predict` has run."""
        return self.bench.create("gate")

    @cached_property
    def _key(self) -> dict[str, Any]:
        key = self.features.key | {"task": self.bench.task.fingerprint}
        return key | {"seed": self.bench.context.seed}

    @cached_property
    def _mapped_key(self) -> dict[str, Any]:
        values = hash_array(self.embedding.values)
        return self._key | {"mapping": self.bench.identities["mapping"], "classes": values}

    @cached_property
    def mapped(self) -> Arrays:
        """Z on the three parts, and the prototypes (c, m)."""
        return self.bench.stages.arrays(
            "mapping", self._mapped_key, self._map, inputs=lambda: self._open({"X"})
        )

    def _map(self, progress: Progress) -> Arrays:
        bench, X = self.bench, self.features.X
        mapping, what = bench.create("mapping"), bench.what("mapping")
        S, seen = self.embedding.values, self.classes.seen
        rows = {part: np.searchsorted(seen, y) for part, y in self.y.items()}
        held_out = (X("validation"), rows["validation"]) if len(rows["validation"]) else None
        with bench.calling("mapping", "fit"):
            mapping.fit(
                X("train"),
                rows["train"],
                S[seen],
                validation=held_out,
                context=bench.telling(progress),
            )
        with bench.calling("mapping", "transform"):
            Z = {part: mapping.transform(X(part)) for part in PARTS}
            prototypes = mapping.transform_classes(S)
            check_floats(prototypes, (len(S), None), f"{what}: transform_classes")
            for part in PARTS:
                shape = (len(X(part)), prototypes.shape[1])
                check_floats(Z[part], shape, f"{what}: transform")
            check_rowwise(lambda rows: mapping.transform(X("test")[rows]), Z["test"], what)
        arrays = {f"Z_{part}": z.astype(np.float32) for part, z in Z.items()}
        return arrays | {"prototypes": prototypes.astype(np.float32)}

    @cached_property
    def logits(self) -> Arrays:
        """The seen classifier fitted on the training part alone, on the three parts."""
        key = self._classifier_key("seen_classifier", "seen") | {"refit": False}
        return self.bench.stages.arrays(
            "seen classifier without refit",
            key,
            lambda progress: self._classify("seen_classifier", "seen", PARTS, progress),
            inputs=lambda: self._open(self.bench.create("seen_classifier").inputs),
        )

    @cached_property
    def known(self) -> Branch:
        """The seen classifier, refitted on training and validation parts, on the test images."""
        return self.branch("seen_classifier", "seen")

    def branch(self, slot: str, candidates: Candidates) -> Branch:
        """The classifier of ``slot`` over ``candidates`` on the test images."""
        key = self._classifier_key(slot, candidates) | {"refit": slot == "seen_classifier"}
        arrays = self.bench.stages.arrays(
            slot.replace("_", " "),
            key,
            lambda progress: self._classify(slot, candidates, ("test",), progress),
            inputs=lambda: self._open(self.bench.create(slot).inputs),
        )
        return Branch(arrays["test"], self.classes.candidates(candidates))

    def _classifier_key(self, slot: str, candidates: Candidates) -> dict[str, Any]:
        inputs = self.bench.create(slot).inputs
        key = self._key if inputs == {"X"} else self._mapped_key
        return key | {slot: self.bench.identities[slot], "candidates": candidates}

    def _classify(
        self, slot: str, candidates: Candidates, parts: tuple[str, ...], progress: Progress
    ) -> Arrays:
        bench = self.bench
        classifier, what = bench.create(slot), bench.what(slot)
        refit = slot == "seen_classifier" and parts == ("test",)
        fit_parts = ("train", "validation") if refit else ("train",)
        view = self.view(fit_parts, classifier.inputs)
        y = np.concatenate([self.y[part] for part in fit_parts])
        with bench.calling(slot, "fit"):
            classifier.fit(
                view, y, self.classes, candidates=candidates, context=bench.telling(progress)
            )
        arrays = {}
        columns = len(self.classes.candidates(candidates))
        for part in parts:
            view = self.view((part,), classifier.inputs)
            with bench.calling(slot, "decision"):
                arrays[part] = classifier.decision(view)
            rows = len(self.y[part]) if part in self.y else len(bench.task.test_order)
            check_floats(arrays[part], (rows, columns), f"{what}: decision")
            if part == "test":
                check_rowwise(
                    lambda rows, view=view: classifier.decision(_rows(view, rows)),  # type: ignore[misc]
                    arrays[part],
                    what,
                )
        return arrays

    @cached_property
    def novelty(self) -> Arrays:
        """Novelty of the three parts, and ``p_…`` where the detector has a probability."""
        detector = self.bench.create("novelty")
        key = self._mapped_key | {"novelty": self.bench.identities["novelty"]}
        if "logits" in detector.inputs:
            key |= {"seen_classifier": self.bench.identities["seen_classifier"]}
        return self.bench.stages.arrays(
            "novelty",
            key,
            lambda progress: self._detect(detector, progress),
            inputs=lambda: self._open(detector.inputs),
        )

    def _detect(self, detector: Any, progress: Progress) -> Arrays:
        bench, what = self.bench, self.bench.what("novelty")
        with bench.calling("novelty", "fit"):
            detector.fit(
                self.view(("train",), detector.inputs),
                self.y["train"],
                self.classes,
                context=bench.telling(progress),
            )
        arrays: dict[str, Any] = {}
        for part in PARTS:
            view = self.view((part,), detector.inputs)
            with bench.calling("novelty", "novelty"):
                arrays[part] = detector.novelty(view)
                if hasattr(detector, "p_unseen"):
                    arrays[f"p_{part}"] = detector.p_unseen(view)
            n = len(self.y[part]) if part in self.y else len(bench.task.test_order)
            for name in (part, f"p_{part}"):
                if name in arrays:
                    check_floats(arrays[name], (n,), f"{what}: {name}")
        test = self.view(("test",), detector.inputs)
        check_rowwise(lambda rows: detector.novelty(_rows(test, rows)), arrays["test"], what)
        return arrays

    def _open(self, spaces: Iterable[ViewInput]) -> None:
        """Compute or open what a stage reads, before the stage's own clock runs."""
        for space in spaces:
            if space == "X":
                _ = self.features.X_seen, self.features.X_test
            else:
                _ = self.logits if space == "logits" else self.mapped

    def view(self, parts: tuple[str, ...], inputs: frozenset[ViewInput]) -> View:
        """The spaces that a component reads, of ``parts`` in a row."""

        def rows(arrays: Mapping[str, Any], prefix: str) -> Any:
            pieces = [arrays[prefix + part] for part in parts]
            return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

        X = None
        if "X" in inputs:
            whole = parts == ("train", "validation")
            X = self.features.X_seen if whole else self.features.X(parts[0])
        return View(
            X=X,
            Z=rows(self.mapped, "Z_") if "Z" in inputs else None,
            logits=rows(self.logits, "") if "logits" in inputs else None,
            prototypes=self.mapped["prototypes"] if "prototypes" in inputs else None,
            metric=self.embedding.metric if inputs != {"X"} else "euclidean",
        )

    def predict(self) -> Prediction:
        """Predict every test image; rows in canonical order."""
        bench, gate = self.bench, self.gate
        scores = self.novelty
        with bench.calling("gate", "fit"):
            gate.fit(
                HeldOutSeen(
                    novelty=scores["validation"],
                    train_novelty=scores["train"],
                    p_unseen=scores.get("p_validation"),
                )
            )
        wanted: Candidates = getattr(bench.create("unseen_classifier"), "candidates", "unseen")
        novel = self.branch("unseen_classifier", "all" if gate.joint else wanted)
        with bench.calling("gate", "combine"):
            prediction = gate.combine(
                self.known,
                novel,
                classes=self.classes,
                novelty=scores["test"],
                p_unseen=scores.get("p_test"),
            )
        check_prediction(
            prediction,
            len(bench.task.test_order),
            self.classes,
            bench.what("gate"),
        )
        return in_canonical_order(prediction, bench.task.test_order)


def in_canonical_order(prediction: Prediction, order: Int) -> Prediction:
    """Undo the permutation in which test images went out."""
    back = np.argsort(order)
    values: dict[str, Any] = {}
    for field in fields(prediction):
        value = getattr(prediction, field.name)
        values[field.name] = value[back] if isinstance(value, np.ndarray) else value
    return Prediction(**values)


def _rows(view: View, rows: slice) -> View:
    chosen = {
        name: array[rows]
        for name in ("X", "Z", "logits")
        if (array := getattr(view, name)) is not None
    }
    return replace(view, **chosen)
