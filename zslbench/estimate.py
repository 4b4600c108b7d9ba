"""What a grid would take: from the times of earlier runs here, and the sizes of its features."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Places
from zslbench.dataset_cache import DatasetCache
from zslbench.hashes import FileHashes
from zslbench.images import images_at
from zslbench.monitor import Monitor
from zslbench.resize import PreparedImages
from zslbench.runspec import resolve_request
from zslbench.store import Store

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.registry import Registry
    from zslbench.runner import Workspace
    from zslbench.runspec import Request, RunSpec

STAGES = {
    "features": ("backbone",),
    "embedding": ("embedding",),
    "mapping": ("backbone", "embedding", "mapping"),
    "seen classifier": ("backbone", "seen_classifier"),
    "novelty": ("backbone", "embedding", "mapping", "novelty"),
    "unseen classifier": ("backbone", "embedding", "mapping", "unseen_classifier"),
    "method": ("method", "backbone", "embedding"),
    "score": (),
}
"""Stage → the slots that its output depends on. Folds count with the detector that asks."""

OF_EVERY_ROW = "score"  # never shared: it is in no cache

Token = tuple[Any, ...]


@dataclass(frozen=True)
class Estimate:
    """What a row would take beyond the rows before it."""

    seconds: float = 0.0
    disk_bytes: int = 0
    unknown: int = 0  # stages that no earlier run has timed
    finished: bool = False

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.seconds + other.seconds,
            self.disk_bytes + other.disk_bytes,
            self.unknown + other.unknown,
        )


def estimate(
    requests: Sequence[Request], registry: Registry, workspace: Workspace
) -> tuple[Estimate, ...]:
    """Return an estimate a request, in order; nothing is run, fetched or decoded.

    A stage takes the median of what it took in the records of ``workspace.out``, on the same data
    set with the same components; nothing where a finished run there has made it already, which the
    cache is taken to hold still. Raises InputError for a request that cannot be.
    """
    records = list(Store(workspace.out).readable_records())
    times = _times(records)
    finished = {_configuration(record) for record in records if record.status == "finished"}
    done = {
        token
        for record in records
        if record.status == "finished" and not record.external
        for token in _kept(record)
    }
    found = []
    for request in requests:
        spec = resolve_request(request, registry)
        if _wanted(spec) in finished and not workspace.force:
            found.append(Estimate(finished=True))
            continue
        total = Estimate()
        for token in _tokens(spec):
            if token in done and token[0] != OF_EVERY_ROW:
                continue
            done.add(token)
            known = times.get(token[:-1])
            took = Estimate(seconds=known) if known is not None else Estimate(unknown=1)
            total += took
            if token[0] == "features":
                total += Estimate(disk_bytes=_feature_bytes(spec, registry, workspace))
        found.append(total)
    return tuple(found)


def expected_seconds(records: Iterable[Record], spec: RunSpec) -> Callable[[str], float | None]:
    """Return a stage's name → the median of what it took on this data with these components."""
    times = _times(records)
    refs = {"method": spec.method, **spec.slots}

    def of(stage: str) -> float | None:
        kind = _kind(stage)
        if kind is None:
            return None
        parts = tuple((slot, refs[slot].label) for slot in STAGES[kind] if slot in refs)
        return times.get((kind, spec.dataset.label, parts))

    return of


def _tokens(spec: RunSpec) -> Iterable[Token]:
    components = {"method": spec.method, **spec.slots}
    made = {slot: Made(ref.label, ref.source, ref.params) for slot, ref in components.items()}
    split = (tuple(sorted(spec.unseen)), spec.validation, spec.split_seed)
    how = (spec.seed, spec.threads, spec.device)
    return _stages(made, spec.dataset.label, spec.distractors, split, how)


def _kept(record: Record) -> Iterable[Token]:
    """What a finished run left in the cache."""
    components = {"method": record.method, **record.slots}
    made = {slot: Made(c.name, c.source, c.params) for slot, c in components.items()}
    unseen = tuple(sorted(record.split.unseen))
    split = (unseen, record.split.validation, record.split.split_seed)
    how = (record.seed, record.threads, record.device)
    words = tuple(record.split.distractors)
    return _stages(made, record.dataset.component.name, words, split, how)


@dataclass(frozen=True)
class Made:
    """What of a component decides a stage's output, files aside."""

    label: str
    source: str
    params: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The same for a run that is asked for and for one that is recorded."""
        params = sorted((name, _plain(value)) for name, value in self.params.items())
        return repr((self.source, params))


def _stages(
    made: Mapping[str, Made],
    dataset: str,
    distractors: tuple[str, ...],
    split: tuple[Any, ...],
    how: tuple[Any, ...],
) -> Iterator[Token]:
    """(stage, data set, names of the components it depends on, all else that it depends on)."""
    whole = "gate" not in made  # a method that is a class of its own
    own = ("method",) if whole else tuple(stage for stage in STAGES if stage != "method")
    for stage, slots in STAGES.items():
        if stage in own or stage == OF_EVERY_ROW or (stage == "features" and "backbone" in made):
            there = [slot for slot in slots if slot in made]
            parts = tuple((slot, made[slot].label) for slot in there)
            varied = tuple(made[slot].text for slot in there)
            yield stage, dataset, parts, (varied, _words(stage, distractors), split, how)


def _words(stage: str, distractors: tuple[str, ...]) -> tuple[str, ...]:
    """What a stage depends on of them: only the unseen classifier learns of distractors."""
    return distractors if stage in ("embedding", "unseen classifier", "method") else ()


def _times(records: Iterable[Record]) -> dict[Token, float]:
    """Median seconds of every stage that was computed, by stage, data set and components."""
    found: dict[Token, list[float]] = {}
    for record in records:
        names = {"method": record.method.name} | {s: c.name for s, c in record.slots.items()}
        sums: dict[str, float] = {}
        for stage in record.stages:
            kind = _kind(stage.stage)
            if kind is not None and not stage.cached:
                sums[kind] = sums.get(kind, 0.0) + stage.seconds
        for kind, seconds in sums.items():
            parts = tuple((slot, names[slot]) for slot in STAGES[kind] if slot in names)
            found.setdefault((kind, record.dataset.component.name, parts), []).append(seconds)
    return {token: statistics.median(seconds) for token, seconds in found.items()}


def _kind(stage: str) -> str | None:
    """Which of STAGES a stage of a record counts with, by its name."""
    if ", fold " in stage:
        return "novelty"
    return next((known for known in STAGES if stage.startswith(known)), None)


def _feature_bytes(spec: RunSpec, registry: Registry, workspace: Workspace) -> int:
    """Size of the features of both parts; 0 where the images are not decoded yet."""
    places = Places(workspace.data_dir, workspace.cache_dir, offline=True)
    hashes = FileHashes(workspace.cache_dir / "hashes")
    cache = DatasetCache(registry, hashes, places, Monitor(registry.manager.hook))
    data = cache.find(spec.dataset, spec.unseen)
    if data is None:
        return 0
    ref = spec.slots["backbone"]
    while ref.parts:  # what is made of another's features keeps those too, which are larger
        ref = ref.parts[0]
    backbone = registry.create(ref)
    if getattr(backbone, "given", False) is True:
        return 0  # read from where they lie
    first = np.zeros(1, np.int64)
    one = PreparedImages(images_at(data.test.pixels, first), backbone, "backbone").take(first)
    d = backbone.dim(one.shape[1:])
    return 4 * int(d) * (len(data.train.labels) + len(data.test.labels))


def _wanted(spec: RunSpec) -> str:
    components = {"dataset": spec.dataset, "method": spec.method, **spec.slots}
    parts = {
        slot: (ref.label, ref.source, sorted(ref.params.items()))
        for slot, ref in components.items()
    }
    rest = (spec.unseen, spec.validation, spec.split_seed, spec.seed, spec.threads, spec.device)
    return repr((sorted(parts.items()), rest, spec.reference, sorted(spec.distractors)))


def _configuration(record: Record) -> str:
    components = {"dataset": record.dataset.component, "method": record.method, **record.slots}
    parts = {
        slot: (c.name, c.source, sorted((k, _plain(v)) for k, v in c.params.items()))
        for slot, c in components.items()
    }
    split = record.split
    rest = (
        tuple(sorted(split.unseen)), split.validation, split.split_seed, record.seed,
        record.threads, record.device,
    )  # fmt: skip
    return repr((sorted(parts.items()), rest, record.reference, sorted(split.distractors)))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
