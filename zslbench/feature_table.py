"""Features of a task's images: extracted once, standardised on the seen training part."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import no_progress
from zslbench.enforce import check_features
from zslbench.errors import InputError
from zslbench.features import FittedBackbone, extract, fit_backbone, is_given, learnt, look_up
from zslbench.hashes import hash_array
from zslbench.images import images_at
from zslbench.machine import versions_of
from zslbench.standardise import BLOCK, Moments, moments, standardised

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Float32, Int, Progress
    from zslbench.stages import Arrays


class FeatureTable:
    """Features of a task's images by the backbone of a bench, raw and standardised.

    Rows of ``X_seen``: the training part, then the validation part. Rows of ``X_test``: the order
    in which test images go out. A backbone that learns from nothing, or from all training images,
    is the same for every split: its features are kept of all training images, and splits share
    them. They are standardised by the seen training part's moments all the same.
    """

    def __init__(self, bench: Bench, slot: str = "backbone") -> None:
        self._bench = bench
        self._slot = slot
        self._task = bench.task
        parts = bench.refs[slot].parts
        self._base = FeatureTable(bench, f"{slot}.0") if parts else None
        self.seen_rows = np.concatenate([bench.task.train_rows, bench.task.validation_rows])

    @cached_property
    def key(self) -> dict[str, Any]:
        """What the features depend on."""
        bench = self._bench
        key = bench.key(backbone=bench.identities[self._slot])
        if self._component.fit_on != "nothing":
            rows = self._fit_rows
            key |= {"seed": bench.context.seed, "fit": hash_array(bench.data.train.ids[rows])}
        if self._shared:
            key |= {"splits": "shared"}
        if depends_on := getattr(self._component, "depends_on", ()):
            key |= {"libraries": versions_of(depends_on)}
        return key

    @cached_property
    def _component(self) -> Any:
        return self._bench.create(self._slot)

    @property
    def fit_on(self) -> str:
        """Which images the backbone learns from, unlabelled."""
        if self._base is not None and self._base.fit_on == "train-unlabelled":
            return "train-unlabelled"
        return str(self._component.fit_on)

    @property
    def standardises(self) -> bool:
        """Whether features are brought to mean 0 and variance 1."""
        return bool(getattr(self._component, "standardise", True))

    @property
    def pretraining(self) -> Any:
        """What the backbone saw before."""
        return self._component.pretraining if self._base is None else self._base.pretraining

    @property
    def learns_from_all(self) -> bool:
        """Whether unseen classes' training images are learnt from, unlabelled."""
        return self.fit_on == "train-unlabelled"

    @property
    def _fit_rows(self) -> Int:
        if self.learns_from_all:
            return np.arange(len(self._bench.data.train.labels))
        return self._task.train_rows

    @cached_property
    def _fitted(self) -> FittedBackbone:
        bench = self._bench
        images = images_at(bench.data.train.pixels, self._fit_rows)
        with bench.calling(self._slot, "fit"):
            return fit_backbone(
                self._component,
                images,
                key=self.key,
                label=bench.what(self._slot),
                context=bench.context,
                stages=bench.stages,
            )

    def raw(self, part: str, rows: Int) -> Float32:
        """Features of ``part`` ("train" or "test") at canonical ``rows``, not yet standardised."""
        kept, where = self._kept(part, rows)
        return kept if np.array_equal(where, np.arange(len(kept))) else kept[where]

    def _kept(self, part: str, rows: Int) -> tuple[Float32, Int]:
        """Raw features, and where in them those of canonical ``rows`` stand."""
        if part == "train" and self._shared:
            return self._all_train, rows
        return self._made(part, rows), np.arange(len(rows))

    @cached_property
    def _shared(self) -> bool:
        """Whether features of all training images are kept: given ones may be of some alone."""
        if self._base is None and is_given(self._component):
            return False
        return self.learns_from_all or self.fit_on == "nothing"

    @cached_property
    def _all_train(self) -> Float32:
        return self._made("train", np.arange(len(self._bench.data.train.labels)))

    def _made(self, part: str, rows: Int) -> Float32:
        bench = self._bench
        if self._base is not None:
            return self._reduced(self._base, part, rows)
        if is_given(self._component):
            return self._given(part, rows)
        images = getattr(bench.data, part)
        with bench.calling(self._slot, "transform"):
            return extract(
                self._fitted,
                images_at(images.pixels, rows),  # not prepared: by this table's own backbone
                images.ids[rows],
                part=part,
                context=bench.context,
                stages=bench.stages,
            )

    @cached_property
    def reducer(self) -> Any:
        """The component, fitted to another backbone's features; InputError where it reads none."""
        bench, base, what = self._bench, self._base, self._bench.what(self._slot)
        if base is None:
            raise InputError(f"{what} reads images, not another backbone's features")
        # Where the base is the same for every split, its components are too.
        learn_from = base.X_all if base.learns_from_all else partial(base.X, "train")

        def compute(progress: Progress) -> Arrays:
            with bench.calling(self._slot, "fit_features"):
                model = self._component.fit_features(learn_from(), context=bench.telling(progress))
            return learnt(model, what)

        reducer = bench.create(self._slot)
        fitted = bench.stages.arrays("reduction", self.key, compute, inputs=learn_from)
        for name, value in fitted.items():
            setattr(reducer, name, value if value.ndim else value.item())
        return reducer

    def _reduced(self, base: FeatureTable, part: str, rows: Int) -> Float32:
        """What the component makes of another backbone's features."""
        bench, what = self._bench, self._bench.what(self._slot)
        reducer = self.reducer
        scaled = base.scaled_as_all if base.learns_from_all else base.scaled

        def apply(progress: Progress) -> Arrays:
            raw, where = base._kept(part, rows)
            out = np.empty((len(rows), reducer.dim((0, 0, 0))), np.float32)
            for start in range(0, len(rows), BLOCK):
                block = slice(start, min(start + BLOCK, len(rows)))
                with bench.calling(self._slot, "transform_features"):
                    out[block] = reducer.transform_features(scaled(raw[where[block]]))
                progress(block.stop, len(rows))
            check_features(out, len(rows), out.shape[1], what)
            return {"features": out}

        stages = bench.stages
        key = self.key | {"part": part, "rows": hash_array(rows)}
        found: Float32 = stages.arrays(f"reduced features of {part} images", key, apply)["features"]
        return found

    def scaled(self, raw: Float32) -> Float32:
        """Some raw features by the moments of the seen training part."""
        return _scale(raw, self._moments)

    def scaled_as_all(self, raw: Float32) -> Float32:
        """Some raw features by the moments of all training images."""
        return _scale(raw, self._moments_of_all)

    @cached_property
    def _moments_of_all(self) -> Moments:
        return self._moments_on(self._all_train, np.arange(len(self._all_train)))

    def X_all(self) -> Float32:
        """Every training image, unseen classes too, by the moments of them all."""
        rows = np.arange(len(self._all_train))
        by, scratch = self._moments_of_all, self._bench.stages.root / "scratch"
        X = standardised(self._all_train, rows, by, scratch, no_progress)
        self._forget_raw()
        return X

    def _given(self, part: str, rows: Int) -> Float32:
        bench = self._bench
        backbone = bench.create(self._slot)  # a new one: what it read of its file goes with it
        with bench.calling(self._slot, "rows"):
            return look_up(
                backbone,
                rows,
                ids={"train": bench.data.train.ids, "test": bench.data.test.ids},
                part=part,
                label=bench.what(self._slot),
                context=bench.context,
                stages=bench.stages,
            )

    @cached_property
    def _raw_seen(self) -> Float32:
        """Features of the seen training images, and of others where splits share them."""
        return self._all_train if self._shared else self._made("train", np.sort(self.seen_rows))

    def _places(self, rows: Int) -> Int:
        """Where canonical ``rows`` stand in :attr:`_raw_seen`."""
        return rows if self._shared else np.searchsorted(np.sort(self.seen_rows), rows)

    @cached_property
    def _moments(self) -> Moments:
        return self._moments_on(self._raw_seen, self._places(self._task.train_rows))

    def _moments_on(self, raw: Float32, rows: Int) -> Moments:
        """Of ``raw[rows]``; those that change nothing where features stay as they are."""
        if not self.standardises:
            return Moments(np.zeros(raw.shape[1]), np.ones(raw.shape[1]))
        return moments(raw, rows, self._component.variance_floor)

    def standardise(self, raw: Float32, rows: Int, name: str) -> Float32:
        """``raw[rows]`` by the moments of the seen training part."""
        with self._bench.stages.monitor.stage(f"standardise {name}") as progress:
            return standardised(
                raw, rows, self._moments, self._bench.stages.root / "scratch", progress
            )

    @cached_property
    def X_seen(self) -> Float32:
        """(n_train + n_validation, d)."""
        X = self.standardise(self._raw_seen, self._places(self.seen_rows), "seen")
        self._forget_raw()
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
        raw, where = self._raw_seen, self._places(self.seen_rows)
        by = self._moments_on(raw, where[train_rows])
        scratch = self._bench.stages.root / "scratch"
        found = tuple(
            standardised(raw, where[rows], by, scratch, no_progress)
            for rows in (train_rows, *others)
        )
        self._forget_raw()
        return found

    def _forget_raw(self) -> None:
        """Let go of mapped pages: they would count as memory for the rest of the run."""
        for name in ("_raw_seen", "_all_train"):
            self.__dict__.pop(name, None)

    def X(self, part: str) -> Float32:
        """(n, d) of ``train``, ``validation`` or ``test``."""
        if part == "test":
            return self.X_test
        n = len(self._task.train_rows)
        return self.X_seen[:n] if part == "train" else self.X_seen[n:]


def _scale(raw: Float32, by: Moments) -> Float32:
    scaled: Float32 = ((raw - by.mean) / by.scale).astype(np.float32)
    return scaled
