"""Features of a task's images: extracted once, standardised on the seen training part."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import no_progress
from zslbench.features import FittedBackbone, extract, fit_backbone, is_given, look_up
from zslbench.hashes import hash_array
from zslbench.standardise import moments, standardised

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Float32, Int


class FeatureTable:
    """Features of a task's images by the backbone of a bench, raw and standardised.

    Rows of ``X_seen``: the training part, then the validation part. Rows of ``X_test``: the order
    in which test images go out.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._task = bench.task
        self.seen_rows = np.concatenate([bench.task.train_rows, bench.task.validation_rows])

    @cached_property
    def key(self) -> dict[str, Any]:
        """What the features depend on."""
        bench = self._bench
        key = bench.key(backbone=bench.identities["backbone"])
        if self._component.fit_on != "nothing":
            rows = self._fit_rows
            key |= {"seed": bench.context.seed, "fit": hash_array(bench.data.train.ids[rows])}
        return key

    @cached_property
    def _component(self) -> Any:
        return self._bench.create("backbone")

    @property
    def fit_on(self) -> str:
        """Which images the backbone learns from, unlabelled."""
        return str(self._component.fit_on)

    @property
    def pretraining(self) -> Any:
        """What the backbone saw before."""
        return self._component.pretraining

    @property
    def _fit_rows(self) -> Int:
        if self.fit_on == "train-unlabelled":
            return np.arange(len(self._bench.data.train.labels))
        return self._task.train_rows

    @cached_property
    def _fitted(self) -> FittedBackbone:
        bench = self._bench
        images = bench.images(bench.data.train, self._fit_rows)
        with bench.calling("backbone", "fit"):
            return fit_backbone(
                self._component,
                images,
                key=self.key,
                label=bench.what("backbone"),
                context=bench.context,
                stages=bench.stages,
            )

    def raw(self, part: str, rows: Int) -> Float32:
        """Features of ``part`` ("train" or "test") at canonical ``rows``, not yet standardised."""
        bench = self._bench
        if is_given(self._component):
            return self._given(part, rows)
        images = getattr(bench.data, part)
        with bench.calling("backbone", "transform"):
            return extract(
                self._fitted,
                bench.images(images, rows),
                images.ids[rows],
                part=part,
                context=bench.context,
                stages=bench.stages,
            )

    def _given(self, part: str, rows: Int) -> Float32:
        bench = self._bench
        backbone = bench.create("backbone")  # a new one: what it read of its file goes with it
        with bench.calling("backbone", "rows"):
            return look_up(
                backbone,
                rows,
                ids={"train": bench.data.train.ids, "test": bench.data.test.ids},
                part=part,
                label=bench.what("backbone"),
                context=bench.context,
                stages=bench.stages,
            )

    @cached_property
    def _raw_seen(self) -> Float32:
        return self.raw("train", np.sort(self.seen_rows))

    @cached_property
    def _moments(self) -> Any:
        rows = np.searchsorted(np.sort(self.seen_rows), self._task.train_rows)
        return moments(self._raw_seen, rows, self._component.variance_floor)

    def standardise(self, raw: Float32, rows: Int, name: str) -> Float32:
        """``raw[rows]`` by the moments of the seen training part."""
        with self._bench.stages.monitor.stage(f"standardise {name}") as progress:
            return standardised(
                raw, rows, self._moments, self._bench.stages.root / "scratch", progress
            )

    @cached_property
    def X_seen(self) -> Float32:
        """(n_train + n_validation, d)."""
        rows = np.searchsorted(np.sort(self.seen_rows), self.seen_rows)
        X = self.standardise(self._raw_seen, rows, "seen")
        del self._raw_seen  # its mapped pages would count as memory for the rest of the run
        return X

    @cached_property
    def X_test(self) -> Float32:
        """(n_test, d) in outgoing order."""
        order = self._task.test_order
        return self.standardise(self.raw("test", np.arange(len(order))), order, "test")

    def refitted(self, train_rows: Int, *others: Int) -> tuple[Float32, ...]:
        """Features of rows of the seen images, by the moments of ``train_rows`` alone.

        Rows count as in ``X_seen``. For folds, whose standardisation must not know all classes.
        """
        canonical = np.sort(self.seen_rows)
        where = np.searchsorted(canonical, self.seen_rows)
        raw = self.raw("train", canonical)
        by = moments(raw, where[train_rows], self._component.variance_floor)
        scratch = self._bench.stages.root / "scratch"
        return tuple(
            standardised(raw, where[rows], by, scratch, no_progress)
            for rows in (train_rows, *others)
        )

    def X(self, part: str) -> Float32:
        """(n, d) of ``train``, ``validation`` or ``test``."""
        if part == "test":
            return self.X_test
        n = len(self._task.train_rows)
        return self.X_seen[:n] if part == "train" else self.X_seen[n:]
