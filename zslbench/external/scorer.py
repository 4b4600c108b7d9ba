"""A file of predictions becomes a record: external, unsealed, unranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.bench import Bench
from zslbench.contracts import Context, Places
from zslbench.dataset_cache import DatasetCache, OpenDataset
from zslbench.describe import describe_external
from zslbench.disk import refusals_named
from zslbench.errors import InputError
from zslbench.external.files import read_columns
from zslbench.external.given import read_given
from zslbench.external.metrics import score_given
from zslbench.hashes import FileHashes, hash_json
from zslbench.leaderboard.rows import write_table
from zslbench.monitor import Monitor
from zslbench.runspec import PIPELINE_VERSION, RunSpec, dataset_params, identity
from zslbench.specs import ComponentRef
from zslbench.stages import Stages
from zslbench.store import Store
from zslbench.tasks import Split, build_task, check_unseen

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.registry import Registry
    from zslbench.runner import Workspace

ELSEWHERE = "external"  # the distribution of a method that zslbench does not have


@dataclass(frozen=True)
class Question:
    """What is to be scored: a file, on which task, under which name."""

    path: Path
    dataset: str
    set: Mapping[str, Any]
    unseen: tuple[str, ...] | None
    name: str


def score_file(question: Question, registry: Registry, workspace: Workspace) -> Record:
    """Score a file of predictions and store its record and its row; asked again, do it again.

    Raises InputError for a file that does not fit the task, DataError where it or the data set is
    absent or damaged, EnvironmentFailure where nothing can be written.
    """
    if not question.name.strip():
        raise InputError(f"name {question.name!r} is empty: give the method a name with --name")
    ref = registry.resolve("dataset", question.dataset, [("user", dataset_params(question.set))])
    columns = read_columns(question.path)
    monitor = Monitor(registry.manager.hook)
    with refusals_named(workspace.cache_dir, "--cache-dir"):
        bench, spec = _prepare(question, ref, registry, workspace, monitor)
        sha256 = bench.hashes.of(question.path)
    task, test = bench.task, bench.data.test
    with monitor.stage("score"):
        given = read_given(question.path.name, columns, test.ids, task.classes)
        scores = score_given(given, task.labels, task.classes)
    store = Store(workspace.out)
    run_id = _run_id(bench, spec, sha256)
    record = describe_external(
        bench,
        spec,
        run_id,
        contents=[[question.path.name, sha256]],
        scores=scores,
        stages=monitor.reports,
    )
    with refusals_named(workspace.out, "--out"), store.claim(run_id):
        # Of a prediction that is not whole nothing is stored: the record names its file by hash.
        store.put(record, given.prediction, test.ids)
    write_table(store, spec.dataset.label)
    return record


def _prepare(
    question: Question,
    ref: ComponentRef,
    registry: Registry,
    workspace: Workspace,
    monitor: Monitor,
) -> tuple[Bench, RunSpec]:
    """Open the data set and build the task, as for a run that holds out nothing."""
    places = Places(workspace.data_dir, workspace.cache_dir, workspace.offline)
    card = registry.create(ref).card
    unseen = tuple(sorted(card.unseen if question.unseen is None else question.unseen))
    if card.classes:  # before a long download
        check_unseen(card.classes, unseen)
    hashes = FileHashes(workspace.cache_dir / "hashes")
    opened = DatasetCache(registry, hashes, places, monitor).open(ref, unseen)
    spec = RunSpec(
        method=_method(question.name),
        slots={},
        dataset=ref,
        unseen=unseen,
        validation=0.0,  # what the method held out is its own affair
        split_seed=0,
        seed=0,
        threads=1,
        device="cpu",
        reference=None,
    )
    return _bench(opened, spec, registry, places, Stages(workspace.cache_dir, monitor)), spec


def _bench(
    opened: OpenDataset, spec: RunSpec, registry: Registry, places: Places, stages: Stages
) -> Bench:
    hashes = FileHashes(places.cache_dir / "hashes")
    split = Split(spec.unseen, spec.validation, spec.split_seed)
    return Bench(
        registry=registry,
        stages=stages,
        places=places,
        context=Context(seed=spec.seed, threads=spec.threads, device=spec.device),
        dataset=opened.dataset,
        data=opened.data,
        task=build_task(opened.data, split),
        refs={"dataset": spec.dataset},
        # Whatever files its images came in, they are the same images, as for a run.
        identities={"dataset": identity(spec.dataset, registry, hashes, [])},
        contents={"dataset": opened.contents},
        hashes=hashes,
        base_key={},
    )


def _method(name: str) -> ComponentRef:
    return ComponentRef(
        kind="method",
        name=name,
        distribution=ELSEWHERE,
        version="unknown",
        target="",
        source="unknown",
        params={},
        origins={},
    )


def _run_id(bench: Bench, spec: RunSpec, sha256: str) -> str:
    """sha256 of all that the record depends on: file, name, data, task."""
    return hash_json(
        {
            "pipeline": PIPELINE_VERSION,
            ELSEWHERE: sha256,
            "name": spec.method.name,
            "dataset": bench.identities["dataset"],
            "task": bench.task.fingerprint,
        }
    )
