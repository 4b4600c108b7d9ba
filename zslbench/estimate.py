"""What a grid would take: from the times of earlier runs here, and the sizes of its features."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Places
from zslbench.dataset_cache import DatasetCache
from zslbench.describe import recorded_params
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

FIT_ON = (None, "nothing", "train-unlabelled")
"""Whichever it was of a recorded run's backbone, the tokens of one asked for are among these."""

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
    set with the same components, and with the same parameters where such runs are; nothing where a
    finished run there has made it already, which a cache that holds anything is taken to hold
    still. Contents of files are not compared. Raises InputError for a request that cannot be,
    DataError where a parameter is a file that is absent.
    """
    records = list(Store(workspace.out).readable_records())
    times = _times(records)
    known = [Asked.of_record(r) for r in records if r.status == "finished" and not r.external]
    finished = {asked.text for asked in known}
    done: set[Token] = set()
    if any((workspace.cache_dir / "stages").glob("*")):
        done = {token for asked in known for fit_on in FIT_ON for token in asked.stages(fit_on)}
    hashes = FileHashes(workspace.cache_dir / "hashes")
    found = []
    for request in requests:
        spec = resolve_request(request, registry)
        asked = Asked.of_spec(spec, registry, hashes)
        if asked.text in finished and not workspace.force:
            found.append(Estimate(finished=True))
            continue
        total = Estimate()
        for token in asked.stages(_fit_on(spec, registry)):
            if token in done and token[0] != OF_EVERY_ROW:
                continue
            done.add(token)
            *like, (varied, *_) = token
            seconds = times.get((*like, varied), times.get(tuple(like)))
            total += Estimate(unknown=1) if seconds is None else Estimate(seconds=seconds)
            if token[0] == "features":
                total += Estimate(disk_bytes=_feature_bytes(spec, registry, workspace))
        found.append(total)
    return tuple(found)


def _fit_on(spec: RunSpec, registry: Registry) -> str | None:
    """What the backbone learns from; None where there is none."""
    ref = spec.slots.get("backbone")
    if ref is None:
        return None
    while ref.parts:
        ref = ref.parts[0]
    return str(registry.create(ref).fit_on)


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


@dataclass(frozen=True)
class Asked:
    """What a stage of a run may depend on, of one asked for and of one recorded alike."""

    made: Mapping[str, Made]  # slot, or "method", or "dataset" → its component
    unseen: tuple[str, ...]
    distractors: tuple[str, ...]
    split: tuple[Any, ...]  # validation, split seed
    how: tuple[Any, ...]  # seed, threads, device
    reference: str | None

    @classmethod
    def of_spec(cls, spec: RunSpec, registry: Registry, hashes: FileHashes) -> Asked:
        """Raises DataError where a parameter is a file that is not there."""
        refs = {"method": spec.method, "dataset": spec.dataset, **spec.slots}
        return cls(
            {
                slot: Made(ref.label, ref.source, recorded_params(ref, registry, hashes))
                for slot, ref in refs.items()
            },
            tuple(sorted(spec.unseen)),
            tuple(sorted(spec.distractors)),
            (spec.validation, spec.split_seed),
            (spec.seed, spec.threads, spec.device),
            spec.reference,
        )

    @classmethod
    def of_record(cls, record: Record) -> Asked:
        components = {"method": record.method, "dataset": record.dataset.component, **record.slots}
        split = record.split
        return cls(
            {slot: Made(c.name, c.source, c.params) for slot, c in components.items()},
            tuple(sorted(split.unseen)),
            tuple(sorted(split.distractors)),
            (split.validation, split.split_seed),
            (record.seed, record.threads, record.device),
            record.reference,
        )

    @property
    def text(self) -> str:
        """All of it: equal for two that are the same run, as far as is known without its files."""
        made = sorted((slot, part.label, part.text) for slot, part in self.made.items())
        rest = (self.unseen, self.distractors, self.split, self.how, self.reference)
        return repr((made, rest))

    def stages(self, fit_on: str | None = None) -> Iterator[Token]:
        """(stage, data set, names of the components it depends on, all else that it depends on).

        ``fit_on`` is the backbone's: features that are learnt from nothing are the same for every
        split and seed, those learnt from all training images for every split.
        """
        whole = "gate" not in self.made  # a method that is a class of its own
        own = ("method",) if whole else tuple(stage for stage in STAGES if stage != "method")
        dataset = self.made["dataset"]
        for stage, slots in STAGES.items():
            features = stage == "features" and "backbone" in self.made
            if not (stage in own or stage == OF_EVERY_ROW or features):
                continue
            there = [slot for slot in slots if slot in self.made]
            parts = tuple((slot, self.made[slot].label) for slot in there)
            varied = (dataset.text, *(self.made[slot].text for slot in there))
            split: tuple[Any, ...] = (self.unseen, self.split, self.how)
            if features and fit_on in ("nothing", "train-unlabelled"):
                split = (self.how[1:],) if fit_on == "nothing" else (self.how,)
            yield stage, dataset.label, parts, (varied, _words(stage, self.distractors), split)


@dataclass(frozen=True)
class Made:
    """What of a component decides a stage's output, but for the contents of files it reads."""

    label: str
    source: str
    params: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The same for a run that is asked for and for one that is recorded."""
        params = sorted((name, _plain(value)) for name, value in self.params.items())
        return repr((self.source, params))


def _words(stage: str, distractors: tuple[str, ...]) -> tuple[str, ...]:
    """What a stage depends on of them: only the unseen classifier learns of distractors."""
    return distractors if stage in ("embedding", "unseen classifier", "method") else ()


def _times(records: Iterable[Record]) -> dict[Token, float]:
    """Median seconds of every stage that was computed, by stage, data set and components.

    Under longer keys, which end in their parameters, those of runs that agree in these too.
    """
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
        if record.status == "finished" and not record.external:
            for *like, (varied, *_) in Asked.of_record(record).stages():
                if like[0] in sums:
                    found.setdefault((*like, varied), []).append(sums[like[0]])
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


def _plain(value: Any) -> Any:
    """A value as it is asked for and as it is recorded: files by content, lists as tuples."""
    if isinstance(value, dict):
        return value.get("sha256", sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value
