"""Mappings, classifiers and detectors fitted and applied, their outputs held against the contracts.

The last part given is the one that is checked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.enforce import check_floats, check_rowwise
from zslbench.errors import InputError
from zslbench.fitted import fitted_numbers

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Candidates, ClassTable, Float32, Int, Progress, View
    from zslbench.stages import Arrays


def map_parts(
    bench: Bench,
    X: Mapping[str, Float32],
    y: Mapping[str, Int],
    classes: ClassTable,
    progress: Progress,
) -> Arrays:
    """Fit the mapping on ``X["train"]`` (n, d) and labels ``y["train"]``; map every part of X.

    ``X["validation"]`` is held out for it where there is any. Returns ``Z_PART`` (n, m) of every
    part, ``prototypes`` (c, m), and the numbers that the fit left.
    """
    if classes.embedding is None:
        raise InputError("the method has no class embedding")
    mapping, what = bench.create("mapping"), bench.what("mapping")
    S, seen = classes.embedding.values, classes.seen
    rows = {part: np.searchsorted(seen, y[part]) for part in ("train", "validation")}
    held_out = (X["validation"], rows["validation"]) if len(rows["validation"]) else None
    with bench.calling("mapping", "fit"):
        mapping.fit(
            X["train"], rows["train"], S[seen], validation=held_out, context=bench.telling(progress)
        )
    last = list(X)[-1]
    with bench.calling("mapping", "transform"):
        Z = {part: mapping.transform(X[part]) for part in X}
        prototypes = mapping.transform_classes(S)
        check_floats(prototypes, (len(S), None), f"{what}: transform_classes")
        for part in X:
            check_floats(Z[part], (len(X[part]), prototypes.shape[1]), f"{what}: transform")
        check_rowwise(lambda rows: mapping.transform(X[last][rows]), Z[last], what)
    arrays = {f"Z_{part}": z.astype(np.float32) for part, z in Z.items()}
    return arrays | {"prototypes": prototypes.astype(np.float32)} | fitted_numbers(mapping)


def needs_held_out(classifier: Any) -> bool:
    """Whether the classifier's fit takes held-out seen images too."""
    return bool(getattr(classifier, "needs_held_out", False))


def decide(
    bench: Bench,
    slot: str,
    classes: ClassTable,
    candidates: Candidates,
    *,
    train: Callable[[], View],
    y: Int,
    held_out: Callable[[], tuple[View, Int]],
    views: Mapping[str, Callable[[], View]],
    progress: Progress,
) -> Arrays:
    """Fit the classifier of ``slot`` on ``train()`` and ``y``; return its decisions (n, c_v).

    One array a view, by its name, and the numbers that the fit left. Views are made one at a time,
    since they may be large; ``held_out()``, seen images outside ``train()`` with their labels, is
    made only for a classifier that asks for it.
    """
    classifier, what = bench.create(slot), bench.what(slot)
    with bench.calling(slot, "fit"):
        classifier.fit(
            train(),
            y,
            classes,
            candidates=candidates,
            context=bench.telling(progress),
            **_asked(classifier, held_out),
        )
    arrays = fitted_numbers(classifier)
    columns, last = len(classes.candidates(candidates)), list(views)[-1]
    for part, make in views.items():
        view = make()
        with bench.calling(slot, "decision"):
            arrays[part] = classifier.decision(view)
        check_floats(arrays[part], (_length(view), columns), f"{what}: decision")
        if part == last:
            check_rowwise(
                lambda rows, view=view: classifier.decision(of_rows(view, rows)),  # type: ignore[misc]
                arrays[part],
                what,
            )
    return arrays


def detect(
    bench: Bench,
    detector: Any,
    classes: ClassTable,
    *,
    y: Int,
    views: Mapping[str, Callable[[], View]],
    images: Mapping[str, int],
    asked: Mapping[str, Any],
    progress: Progress,
) -> Arrays:
    """Fit ``detector`` on ``views["train"]`` and ``y``; return its novelty (n,) of every view.

    With its probability as ``p_PART`` where it has one, and the numbers that the fit left.
    ``asked`` is what its fit wants besides; ``images`` says how many each view has.
    """
    what = bench.what("novelty")
    with bench.calling("novelty", "fit"):
        detector.fit(views["train"](), y, classes, context=bench.telling(progress), **asked)
    arrays = fitted_numbers(detector)
    numbers = {"": detector.novelty}
    if hasattr(detector, "p_unseen"):
        numbers["p_"] = detector.p_unseen
    last = list(views)[-1]
    for part, make in views.items():
        view = make()
        for prefix, number in numbers.items():
            name = prefix + part
            with bench.calling("novelty", "novelty"):
                arrays[name] = number(view)
            check_floats(arrays[name], (images[part],), f"{what}: {name}")
            if part == last:
                check_rowwise(
                    lambda rows, view=view, number=number: number(of_rows(view, rows)),  # type: ignore[misc]
                    arrays[name],
                    what,
                )
    return arrays


def _asked(classifier: Any, held_out: Callable[[], tuple[View, Int]]) -> dict[str, Any]:
    """What ``fit`` takes besides: held-out images, None where there are none."""
    if not needs_held_out(classifier):
        return {}
    view, y = held_out()
    return {"held_out": (view, y) if len(y) else None}


def of_rows(view: View, rows: slice) -> View:
    """The same spaces of some images alone."""
    chosen = {
        name: array[rows]
        for name in ("X", "Z", "logits")
        if (array := getattr(view, name)) is not None
    }
    return replace(view, **chosen)


def _length(view: View) -> int | None:
    """How many images it holds; None where only prototypes are read."""
    spaces = (view.X, view.Z, view.logits)
    return next((len(space) for space in spaces if space is not None), None)
