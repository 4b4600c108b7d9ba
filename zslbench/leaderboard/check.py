"""Published predictions scored again, with the labels of the data set, and held against records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.dataset_cache import DatasetCache
from zslbench.errors import DataError
from zslbench.hashes import FileHashes
from zslbench.score import score
from zslbench.tasks import Split, build_task, with_distractors

if TYPE_CHECKING:
    from zslbench.contracts import Places
    from zslbench.images import StoredDataset
    from zslbench.leaderboard.shelf import Shelf
    from zslbench.monitor import Monitor
    from zslbench.record import Record
    from zslbench.registry import Registry

TOLERANCE = 1e-9  # relative: sums may come out in another order on another machine


@dataclass(frozen=True)
class Verdict:
    """What scoring a record again showed: what differs, nothing where all is well."""

    record: Record
    differences: tuple[str, ...]


def open_recorded(
    record: Record, registry: Registry, places: Places, monitor: Monitor
) -> StoredDataset:
    """Open the data set that ``record`` names, with the parameters that it had; raise DataError."""
    component = record.dataset.component
    # A parameter that is a file stands in the record by its name and hash alone.
    params = {k: v for k, v in component.params.items() if not isinstance(v, dict)}
    ref = registry.resolve("dataset", component.name, [("user", params)])
    chosen = replace(places, skip_corrupt=record.dataset.skipped_images > 0)
    hashes = FileHashes(places.cache_dir / "hashes")
    return (
        DatasetCache(registry, hashes, chosen, monitor).open(ref, tuple(record.split.unseen)).data
    )


def check_record(record: Record, data: StoredDataset, shelf: Shelf) -> Verdict:
    """Score the published prediction of ``record`` again and compare every score."""
    try:
        return Verdict(record, tuple(_differences(record, data, shelf)))
    except DataError as error:
        return Verdict(record, (str(error),))


def _differences(record: Record, data: StoredDataset, shelf: Shelf) -> Iterator[str]:
    if data.fingerprint != record.dataset.fingerprint:
        yield (
            f"the data set here has fingerprint {data.fingerprint[:16]}, the record's had "
            f"{record.dataset.fingerprint[:16]}"
        )
        return
    if not np.array_equal(shelf.ids(record), data.test.ids):
        yield "the published ids are not those of the test images"
    part = record.split
    task = build_task(data, Split(tuple(part.unseen), part.validation, part.split_seed))
    if task.fingerprint != part.fingerprint:
        yield "the split's fingerprint"
    if record.scores is None:
        yield "the record has no scores"
        return
    again = score(
        shelf.prediction(record),
        task.labels,
        with_distractors(task.classes, part.distractors),
        curve=record.scores.curve_kind,
        bootstrap_seed=record.scores.bootstrap_seed,
        resamples=record.scores.resamples,
    )
    yield from compare_values(record.scores.model_dump(), again.model_dump())


def compare_values(recorded: Any, again: Any, where: str = "") -> Iterator[str]:
    """Say where two nested values differ: ``H: 0.61 recorded, 0.58 now``."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for key in sorted({*recorded, *again}, key=str):
            inner = f"{where}.{key}" if where else str(key)
            yield from compare_values(recorded.get(key), again.get(key), inner)
    elif isinstance(recorded, (list, tuple)) and isinstance(again, (list, tuple)):
        if len(recorded) != len(again):
            yield f"{where}: {len(recorded)} values recorded, {len(again)} now"
        for index, pair in enumerate(zip(recorded, again, strict=False)):
            yield from compare_values(*pair, f"{where}[{index}]")
    elif not _equal(recorded, again):
        yield f"{where}: {recorded} recorded, {again} now"


def _equal(recorded: Any, again: Any) -> bool:
    if isinstance(recorded, float) and isinstance(again, float):
        return math.isclose(recorded, again, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(recorded == again)
