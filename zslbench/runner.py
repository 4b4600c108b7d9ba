"""Run requests become records; only what is missing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zslbench.bench import Bench
from zslbench.contracts import Context, Places
from zslbench.dataset_cache import DatasetCache
from zslbench.describe import describe_run
from zslbench.disk import refusals_named
from zslbench.errors import ZSLBenchError
from zslbench.hashes import FileHashes
from zslbench.leaderboard.rows import file_name, write_csv
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
from zslbench.store import Store
from zslbench.tasks import Split, build_task, check_unseen

if TYPE_CHECKING:
    from zslbench.registry import Registry


@dataclass(frozen=True)
class Workspace:
    """Where a run reads and writes, and what it may do there."""

    data_dir: Path
    out: Path
    cache_dir: Path
    offline: bool = False
    skip_corrupt: bool = False
    force: bool = False


class Runner:
    """Runs requests in one workspace with one registry."""

    def __init__(self, registry: Registry, workspace: Workspace) -> None:
        self.registry = registry
        self.workspace = workspace
        self.hook = registry.manager.hook
        self.hashes = FileHashes(workspace.cache_dir / "hashes")
        self.store = Store(workspace.out)

    def run(self, request: Request) -> Record:
        """Return the record of ``request``: the finished one that is there, or a new one.

        Raises ZSLBenchError; a failure after the run got its id leaves a record that says so.
        """
        with refusals_named(self.workspace.cache_dir, "--cache-dir"):
            monitor = Monitor(self.hook)
            bench, spec, run_id = self._prepare(request, monitor)
        with refusals_named(self.workspace.out, "--out"), self.store.claim(run_id):
            known = self.store.get(run_id)
            if known is not None and known.status == "finished" and not self.workspace.force:
                self._tabulate(spec)
                return known
            self.hook.run_started(spec=spec, run_id=run_id)
            record = self._execute(bench, spec, run_id, monitor)
        self.hook.run_finished(record=record)
        return record

    # ----------------------------------------------------------------------------- preparing

    def _prepare(self, request: Request, monitor: Monitor) -> tuple[Bench, RunSpec, str]:
        places = self._places()
        ref = resolve_dataset(request, self.registry)
        dataset = self.registry.create(ref)
        spec = resolve_run(request, self.registry, ref, dataset.card)
        if dataset.card.classes:  # before a long download
            check_unseen(dataset.card.classes, spec.unseen)
        opened = DatasetCache(self.registry, self.hashes, places, monitor).open(ref)
        data, contents = opened.data, {"dataset": opened.contents}
        identities = {
            "dataset": opened.identity,
            "method": identity(spec.method, self.registry, self.hashes, []),
        }
        split = Split(spec.unseen, spec.validation, spec.split_seed)
        task = build_task(data, split)
        for slot, slot_ref in spec.slots.items():
            read: list[list[str]] = []
            if slot_ref.kind == "embedding":
                read = self.hashes.of_all(self.registry.create(slot_ref).sources(places))
            contents[slot] = read
            identities[slot] = identity(slot_ref, self.registry, self.hashes, read)
        base_key = {
            "pipeline": PIPELINE_VERSION,
            "versions": numerical_versions(),
            "threads": spec.threads,
            "device": spec.device,
        }
        bench = Bench(
            registry=self.registry,
            stages=Stages(self.workspace.cache_dir, monitor),
            places=places,
            context=Context(seed=spec.seed, threads=spec.threads, device=spec.device),
            dataset=dataset,
            data=data,
            task=task,
            refs={"dataset": ref, "method": spec.method, **spec.slots},
            identities=identities,
            contents=contents,
            hashes=self.hashes,
            base_key=base_key,
        )
        return bench, spec, spec.run_id(identities, data.fingerprint)

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
                scores = score(
                    outcome.prediction, bench.task.labels, bench.task.classes, curve=outcome.curve
                )
        except BaseException as failure:
            error = _error_record(failure)
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
                self.hook.run_finished(record=record)
        self._tabulate(spec)
        return record

    def _tabulate(self, spec: RunSpec) -> None:
        """Write the CSV of this data set from the records that are there."""
        label = spec.dataset.label
        records = [r for r in self.store.records() if r.dataset.component.name == label]
        write_csv(self.workspace.out / f"{file_name(label)}.csv", records)


def _error_record(failure: BaseException) -> ErrorRecord:
    if isinstance(failure, KeyboardInterrupt):
        return ErrorRecord(kind="Interrupted", message="interrupted", exit_code=130)
    if isinstance(failure, ZSLBenchError):
        return ErrorRecord(
            kind=type(failure).__name__, message=str(failure), exit_code=failure.exit_code
        )
    return ErrorRecord(kind=type(failure).__name__, message="a bug in zslbench", exit_code=1)
