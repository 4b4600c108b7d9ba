"""Run requests become records; only what is missing is computed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.bench import Bench
from zslbench.class_embedding import corpus_hash
from zslbench.contracts import Context, Places
from zslbench.dataset_cache import DatasetCache, OpenDataset
from zslbench.describe import beside, describe_run
from zslbench.disk import DamagedFileWarning, explain_failure, refusals_named, without_paths
from zslbench.early_checks import check_run
from zslbench.errors import DataError, ZSLBenchError
from zslbench.estimate import expected_seconds
from zslbench.hashes import FileHashes
from zslbench.leaderboard.rows import file_name, write_table
from zslbench.machine import limited_threads, numerical_versions
from zslbench.monitor import Monitor
from zslbench.outcome import predict
from zslbench.record import ErrorRecord, Record
from zslbench.runspec import (
    PIPELINE_VERSION,
    Request,
    RunSpec,
    identity,
    resolve_dataset,
    resolve_run,
)
from zslbench.score import score
from zslbench.stages import Stages
from zslbench.store import SHORT, Store
from zslbench.tasks import Split, build_task, check_distractors, check_unseen, with_distractors

if TYPE_CHECKING:
    from zslbench.images import StoredDataset
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef
    from zslbench.tasks import Task


@dataclass(frozen=True)
class Workspace:
    """Where a run reads and writes, and what it may do there."""

    data_dir: Path
    out: Path
    cache_dir: Path
    offline: bool = False
    skip_corrupt: bool = False
    force: bool = False


@dataclass(frozen=True)
class Prepared:
    """What names a run: enough to look it up, before the task is built."""

    spec: RunSpec
    run_id: str
    opened: OpenDataset
    identities: Mapping[str, Mapping[str, Any]]
    contents: Mapping[str, list[list[str]]]


class Runner:
    """Runs requests in one workspace with one registry."""

    def __init__(self, registry: Registry, workspace: Workspace) -> None:
        self.registry = registry
        self.workspace = workspace
        self.hook = registry.manager.hook
        self.hashes = FileHashes(workspace.cache_dir / "hashes")
        self.store = Store(workspace.out)
        self._tasks: dict[tuple[str, Split], Task] = {}  # the rows of a grid share them

    def run(self, request: Request) -> Record:
        """Return the record of ``request``: the finished one that is there, or a new one.

        Raises ZSLBenchError. A failure in the run itself leaves a record that says so; one before
        it (input that cannot be, data that are not there) has no task to be recorded under.
        """
        space, monitor = self.workspace, Monitor(self.hook)
        with refusals_named(space.cache_dir, "--cache-dir"):
            prepared = self._prepare(request, monitor)
        spec, run_id = prepared.spec, prepared.run_id
        with refusals_named(space.out, "--out"):
            known = self._finished(run_id)
        if known is not None:
            return self._answered(known, spec)
        bench = self._build(prepared, monitor)
        monitor.expected = self._expected(spec)
        with refusals_named(space.out, "--out"), self.store.claim(run_id):
            known = self._finished(run_id)  # by another process, while this one waited
            if known is not None:
                return self._answered(known, spec)
            self.hook.run_started(spec=spec, run_id=run_id)
            record = self._execute(bench, spec, run_id, monitor)
        self.hook.run_finished(record=record)
        return record

    def _answered(self, known: Record, spec: RunSpec) -> Record:
        """The finished record, which learns what it is compared with now, or drawn among."""
        record = beside(known, spec)
        if record is known:
            self._tabulate(spec, missing=known.run_id)
        else:
            with refusals_named(self.workspace.out, "--out"):
                self.store.replace(record)
            self._tabulate(spec)
        return record

    def _expected(self, spec: RunSpec) -> Callable[[str], float | None]:
        """What stages took in the runs that are there."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamagedFileWarning)  # told when the table is written
            return expected_seconds(list(self.store.readable_records()), spec)

    def open(self, request: Request) -> Bench:
        """Return what ``request`` would run on, its task built, and run nothing."""
        monitor = Monitor(self.hook)
        with refusals_named(self.workspace.cache_dir, "--cache-dir"):
            return self._build(self._prepare(request, monitor), monitor)

    def _finished(self, run_id: str) -> Record | None:
        """The finished record; with ``force`` none is read, so that a damaged one is replaced."""
        known = None if self.workspace.force else self.store.get(run_id)
        return known if known is not None and known.status == "finished" else None

    # ----------------------------------------------------------------------------- preparing

    def _prepare(self, request: Request, monitor: Monitor) -> Prepared:
        places = self._places()
        ref = resolve_dataset(request, self.registry)
        dataset = self.registry.create(ref)
        spec = resolve_run(request, self.registry, ref, dataset.card)
        check_run(spec, self.registry)
        if dataset.card.classes:  # before a long download
            check_unseen(dataset.card.classes, spec.unseen)
        opened = DatasetCache(self.registry, self.hashes, places, monitor).open(ref, spec.unseen)
        check_unseen(opened.data.class_names, spec.unseen)
        check_distractors(opened.data.class_names, spec.distractors)
        contents = {"dataset": opened.contents}
        identities = {
            # Whatever files its images came in, they are the same images: see data_fingerprint.
            "dataset": identity(ref, self.registry, self.hashes, []),
            "method": identity(spec.method, self.registry, self.hashes, []),
        }
        for slot, slot_ref in _with_parts(spec.slots):
            read = contents[slot] = self._read_by(slot_ref, places)
            made_of = [identities[f"{slot}.{i}"] for i in range(len(slot_ref.parts))]
            identities[slot] = identity(slot_ref, self.registry, self.hashes, read, made_of)
        corpus = corpus_hash(self.registry, ref, opened.dataset)
        if corpus is not None and "embedding" in spec.slots:
            identities["corpus"] = {"sentences": corpus}
        run_id = spec.run_id(identities, opened.data.fingerprint)
        return Prepared(spec, run_id, opened, identities, contents)

    def _read_by(self, ref: ComponentRef, places: Places) -> list[list[str]]:
        """[base name, sha256] of each file that the component says it reads, of whatever kind."""
        if not ref.reads_files:
            return []  # its class need not be imported to tell
        try:
            with self.registry.calling(ref, "sources"):
                files = self.registry.create(ref).sources(places)
        except DataError as error:
            raise DataError(
                f"{error}; or choose another with --{ref.kind}, see 'zslbench list {ref.kind}'"
            ) from error
        return self.hashes.of_all(files)

    def _build(self, prepared: Prepared, monitor: Monitor) -> Bench:
        """Build the task, and what the method works with."""
        spec, opened = prepared.spec, prepared.opened
        split = Split(spec.unseen, spec.validation, spec.split_seed)
        return Bench(
            registry=self.registry,
            stages=Stages(self.workspace.cache_dir, monitor),
            places=self._places(),
            context=Context(seed=spec.seed, threads=spec.threads, device=spec.device),
            dataset=opened.dataset,
            data=opened.data,
            task=self._task(opened.data, split),
            distractors=spec.distractors,
            refs={"dataset": spec.dataset, "method": spec.method, **dict(_with_parts(spec.slots))},
            identities=prepared.identities,
            contents=prepared.contents,
            hashes=self.hashes,
            base_key={
                "pipeline": PIPELINE_VERSION,
                "versions": numerical_versions(),
                "threads": spec.threads,
                "device": spec.device,
            },
        )

    def _task(self, data: StoredDataset, split: Split) -> Task:
        key = data.fingerprint, split
        if key not in self._tasks:
            self._tasks[key] = build_task(data, split)
        return self._tasks[key]

    def _places(self) -> Places:
        space = self.workspace
        return Places(space.data_dir, space.cache_dir, space.offline, space.skip_corrupt)

    # ----------------------------------------------------------------------------- executing

    def _execute(self, bench: Bench, spec: RunSpec, run_id: str, monitor: Monitor) -> Record:
        outcome = scores = error = None
        try:
            with limited_threads(spec.threads):
                outcome = predict(bench, spec)
            with monitor.stage("score"):
                classes = with_distractors(bench.task.classes, spec.distractors)
                scores = score(outcome.prediction, bench.task.labels, classes, curve=outcome.curve)
        except BaseException as failure:
            error = self._error_record(failure)
            raise
        finally:
            record = describe_run(
                bench,
                spec,
                run_id,
                outcome=outcome,
                scores=scores,
                error=error,
                stages=monitor.reports,
            )
            self.store.put(
                record,
                outcome.prediction if outcome else None,
                bench.data.test.ids,
                outcome.wordspace if outcome else None,
            )
            if error is not None:
                self._tell_of_failure(record)
        self._tabulate(spec)
        return record

    def _error_record(self, failure: BaseException) -> ErrorRecord:
        known, space = explain_failure(failure), self.workspace
        folders = (space.data_dir, space.cache_dir, space.out)
        message = without_paths(known.message, folders)
        return ErrorRecord(kind=known.kind, message=message, exit_code=known.exit_code)

    def _tell_of_failure(self, record: Record) -> None:
        """Call the hook; a tracker that fails in it must not hide why the run failed."""
        try:
            self.hook.run_finished(record=record)
        except ZSLBenchError as error:
            warnings.warn(str(error), UserWarning, stacklevel=2)

    def _tabulate(self, spec: RunSpec, missing: str | None = None) -> None:
        """Write the CSV of this data set from the records that can be read.

        With ``missing`` only where that run has no row. Listing and writing are under one lock:
        else of two runs that end at once the slower could write a list without the other's row.
        """
        label = spec.dataset.label
        path = self.workspace.out / f"{file_name(label)}.csv"
        if missing is not None:
            with refusals_named(path, "--out"):
                if _has_row(path, missing):
                    return
        write_table(self.store, label)


def _with_parts(slots: Mapping[str, ComponentRef]) -> Iterator[tuple[str, ComponentRef]]:
    """Slots with their refs; what a component is made of comes before it, as ``slot.0`` …"""
    for slot, ref in slots.items():
        yield from _with_parts({f"{slot}.{i}": part for i, part in enumerate(ref.parts)})
        yield slot, ref


def _has_row(path: Path, run_id: str) -> bool:
    start = f"{run_id[:SHORT]},".encode()
    return path.is_file() and any(line.startswith(start) for line in path.read_bytes().split(b"\n"))
