"""The gated classifier as a graph of stages: each is computed when another asks for it.

features → standardised X → mapped Z; X, Z → seen classifier, novelty, unseen classifier → gate →
Prediction. Outputs on the training, validation and test parts are cached; a stage whose output is
in the cache does not even open its inputs. The mapping, the novelty detector and the gate's cut are
fitted without the validation part; the seen classifier is then refitted on both, unless it asks for
held-out images: those must stay held out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.class_embedding import class_embedding, fingerprint
from zslbench.contracts import Branch, Candidates, Embedding, HeldOutSeen, Prediction, View
from zslbench.enforce import check_prediction, check_rowwise
from zslbench.errors import InputError
from zslbench.feature_table import FeatureTable
from zslbench.fitted import read_fitted
from zslbench.fitting import decide, detect, map_parts, needs_held_out
from zslbench.folds import FoldTable, folds_wanted, needs_folds
from zslbench.tasks import in_canonical_order, with_distractors

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import ClassTable, Float32, Fold, Progress, ViewInput
    from zslbench.stages import Arrays

PARTS = ("train", "validation", "test")


class GatedPipeline:
    """A recipe's components on one task; :meth:`predict` is the way in."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.features = FeatureTable(bench)
        task = bench.task
        self.fitted: dict[str, dict[str, float]] = {}  # slot → numbers that its fit left
        labels = bench.data.train.labels
        self.y = {"train": labels[task.train_rows], "validation": labels[task.validation_rows]}

    @cached_property
    def vocabulary(self) -> ClassTable:
        """The task's classes with their embedding, and the run's distractors after them."""
        table = with_distractors(self.bench.task.classes, self.bench.distractors)
        return replace(table, embedding=class_embedding(self.bench))

    @cached_property
    def classes(self) -> ClassTable:
        """The task's classes with their embedding: all that is needed to learn."""
        return replace(self.bench.task.classes, embedding=self.embedding)

    @cached_property
    def embedding(self) -> Embedding:
        """The class vectors, without those of distractors."""
        embedding = self.vocabulary.embedding
        if embedding is None:
            raise InputError("the method has no class embedding")
        return replace(embedding, values=embedding.values[: len(self.bench.task.classes.names)])

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
        words = fingerprint(self.embedding)
        return self._key | {"mapping": self.bench.identities["mapping"], "classes": words}

    @cached_property
    def mapped(self) -> Arrays:
        """Z on the three parts, and the prototypes (c, m)."""
        arrays = self.bench.stages.arrays(
            "mapping",
            self._mapped_key,
            self._map,
            note=self._images("train"),
            inputs=lambda: self._open({"X"}),
        )
        self.fitted["mapping"] = read_fitted(arrays)
        return arrays

    def _map(self, progress: Progress) -> Arrays:
        return self._map_for(self.classes, progress)

    def _map_for(self, classes: ClassTable, progress: Progress) -> Arrays:
        X = {part: self.features.X(part) for part in PARTS}
        return map_parts(self.bench, X, self.y, classes, progress)

    @cached_property
    def prototypes(self) -> Float32:
        """Mapped vectors of the classes, then of the distractors (c, m)."""
        own: Float32 = self.mapped["prototypes"]
        embedding = self.vocabulary.embedding
        if not self.bench.distractors or embedding is None:
            return own
        if np.array_equal(own, embedding.values[: len(own)]):
            return embedding.values  # images are mapped onto the class vectors themselves
        key = self._mapped_key | {"classes": fingerprint(embedding)}
        arrays = self.bench.stages.arrays(
            "mapping",
            key,
            lambda progress: self._map_for(self.vocabulary, progress),
            note=self._images("train"),
        )
        prototypes: Float32 = arrays["prototypes"]
        return prototypes

    @cached_property
    def logits(self) -> Arrays:
        """The seen classifier fitted on the training part alone, on the three parts."""
        return self._classified("seen_classifier", "seen", ("train",), PARTS)

    @cached_property
    def known(self) -> Branch:
        """The seen classifier, refitted on all seen images it may learn from, on test images."""
        return self.branch("seen_classifier", "seen")

    @property
    def refits(self) -> bool:
        """Whether the seen classifier learns from the validation part too in the end."""
        return not needs_held_out(self.bench.create("seen_classifier"))

    def branch(self, slot: str, candidates: Candidates) -> Branch:
        """The classifier of ``slot`` over ``candidates`` on the test images."""
        refit = slot == "seen_classifier" and self.refits
        learn_from = ("train", "validation") if refit else ("train",)
        arrays = self._classified(slot, candidates, learn_from, ("test",))
        self.fitted[slot] = read_fitted(arrays)
        return Branch(arrays["test"], self._table(slot).candidates(candidates))

    def _table(self, slot: str) -> ClassTable:
        """What a classifier may choose among: distractors are for the unseen classifier alone."""
        return self.vocabulary if slot == "unseen_classifier" else self.classes

    def _classified(
        self,
        slot: str,
        candidates: Candidates,
        learn_from: tuple[str, ...],
        parts: tuple[str, ...],
    ) -> Arrays:
        """Decisions on ``parts`` of the classifier of ``slot``, fitted on ``learn_from``."""
        inputs = self.bench.create(slot).inputs
        key = self._key if inputs == {"X"} else self._mapped_key
        own: dict[str, Any] = {
            slot: self.bench.identities[slot],
            "candidates": candidates,
            "fit": learn_from,
        }
        if self.bench.distractors and slot == "unseen_classifier":
            own["vocabulary"] = fingerprint(class_embedding(self.bench))
        return self.bench.stages.arrays(
            slot.replace("_", " "),
            key | own | {"parts": parts},
            lambda progress: self._classify(slot, candidates, learn_from, parts, progress),
            note=self._images(*learn_from),
            inputs=lambda: self._open(inputs),
        )

    def _classify(
        self,
        slot: str,
        candidates: Candidates,
        learn_from: tuple[str, ...],
        parts: tuple[str, ...],
        progress: Progress,
    ) -> Arrays:
        inputs = self.bench.create(slot).inputs
        # What reads features alone gets no class vectors: its output is shared across embeddings.
        classes = self.bench.task.classes if inputs == {"X"} else self._table(slot)
        view = partial(self.view, inputs=inputs, distractors=slot == "unseen_classifier")
        return decide(
            self.bench,
            slot,
            classes,
            candidates,
            train=lambda: view(learn_from),
            y=np.concatenate([self.y[part] for part in learn_from]),
            held_out=lambda: (view(("validation",)), self.y["validation"]),
            views={part: partial(view, (part,)) for part in parts},
            progress=progress,
        )

    @cached_property
    def novelty(self) -> Arrays:
        """Novelty of the three parts, and ``p_…`` where the detector has a probability."""
        bench, detector = self.bench, self.bench.create("novelty")
        key = self._mapped_key | {"novelty": self.bench.identities["novelty"]}
        if "logits" in detector.inputs:
            key |= {"seen_classifier": bench.identities["seen_classifier"]}
        arrays = bench.stages.arrays(
            "novelty",
            key,
            lambda progress: self._detect(detector, progress),
            note=self._images("train"),
            inputs=lambda: self._open_for(detector),
        )
        self.fitted["novelty"] = read_fitted(arrays)
        return arrays

    def _images(self, *parts: str) -> str:
        """How much a stage learns from, said before it begins."""
        return f"learns from {sum(len(self.y[part]) for part in parts):,} images"

    def _open_for(self, detector: Any) -> None:
        self._open(detector.inputs)
        if needs_folds(detector):  # their time is their own, not the detector's
            _ = self.folds

    def _detect(self, detector: Any, progress: Progress) -> Arrays:
        return detect(
            self.bench,
            detector,
            self.classes,
            y=self.y["train"],
            views={part: partial(self.view, (part,), detector.inputs) for part in PARTS},
            images={
                **{p: len(y) for p, y in self.y.items()},
                "test": len(self.bench.task.test_order),
            },
            asked={"folds": self.folds} if needs_folds(detector) else {},
            progress=progress,
        )

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The folds that the detector asks for, in the spaces that it reads."""
        detector = self.bench.create("novelty")
        table = FoldTable(self.bench, self.features, self.y, self.classes, self._mapped_key)
        return table.folds(detector.inputs, count=folds_wanted(detector))

    def _open(self, spaces: Iterable[ViewInput]) -> None:
        """Compute or open what a stage reads, before the stage's own clock runs."""
        for space in spaces:
            if space == "X":
                _ = self.features.X_seen, self.features.X_test
            else:
                _ = self.logits if space == "logits" else self.mapped

    def view(
        self, parts: tuple[str, ...], inputs: frozenset[ViewInput], *, distractors: bool = False
    ) -> View:
        """The spaces that a component reads, of ``parts`` in a row."""

        def rows(arrays: Mapping[str, Any], prefix: str) -> Any:
            pieces = [arrays[prefix + part] for part in parts]
            return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

        X = None
        if "X" in inputs:
            whole = parts == ("train", "validation")
            X = self.features.X_seen if whole else self.features.X(parts[0])
        prototypes = None
        if "prototypes" in inputs:
            prototypes = self.prototypes if distractors else self.mapped["prototypes"]
        return View(
            X=X,
            Z=rows(self.mapped, "Z_") if "Z" in inputs else None,
            logits=rows(self.logits, "") if "logits" in inputs else None,
            prototypes=prototypes,
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
        everything: Candidates = "all+distractors" if bench.distractors else "all"
        novel = self.branch("unseen_classifier", everything if gate.joint else wanted)
        prediction = self._combine(novel, slice(None))
        n, what = len(bench.task.test_order), bench.what("gate")
        check_prediction(prediction, n, self.vocabulary, what)
        if np.isfinite(prediction.margin).all():
            check_rowwise(
                lambda rows: self._combine(novel, rows).margin,
                prediction.margin,
                what,
            )
        return in_canonical_order(prediction, bench.task.test_order)

    def _combine(self, novel: Branch, rows: slice) -> Prediction:
        """The gate's verdict on ``rows`` of the test images, in outgoing order."""
        known, novelty, p_unseen = self.known, self.novelty["test"], self.novelty.get("p_test")
        with self.bench.calling("gate", "combine"):
            prediction: Prediction = self.gate.combine(
                replace(known, scores=known.scores[rows]),
                replace(novel, scores=novel.scores[rows]),
                classes=self.vocabulary,
                novelty=novelty[rows],
                p_unseen=None if p_unseen is None else p_unseen[rows],
            )
        return prediction
