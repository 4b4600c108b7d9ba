"""From a run to its record: what was asked, what was read, what came out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.hashes import hash_array
from zslbench.machine import git_revision, processor, versions
from zslbench.pretraining import overlap
from zslbench.record import (
    ComponentRecord,
    DatasetRecord,
    EmbeddingRecord,
    ErrorRecord,
    Record,
    SplitRecord,
    StageRecord,
)
from zslbench.runspec import PIPELINE_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zslbench.bench import Bench
    from zslbench.contracts import Embedding
    from zslbench.hashes import FileHashes
    from zslbench.monitor import StageReport
    from zslbench.outcome import Outcome
    from zslbench.record import PartialScores
    from zslbench.registry import Registry
    from zslbench.runspec import RunSpec
    from zslbench.score import Scores
    from zslbench.specs import ComponentRef


def describe_run(
    bench: Bench,
    spec: RunSpec,
    run_id: str,
    *,
    outcome: Outcome | None,
    scores: Scores | None,
    error: ErrorRecord | None,
    stages: Sequence[StageReport],
) -> Record:
    """Write the record of a run that ended, well or badly."""
    unranked = spec.reference is not None or error is not None
    refs = [spec.method, spec.dataset, *spec.slots.values()]
    return Record(
        run_id=run_id,
        status="finished" if error is None else "failed",
        error=error,
        method=_component(bench, "method", spec.method),
        slots={
            slot: _component(bench, slot, ref, outcome.fitted.get(slot, {}) if outcome else {})
            for slot, ref in spec.slots.items()
        },
        reference=spec.reference,
        configurations=spec.configurations,
        ranked=not unranked,
        setting=outcome.setting if outcome else "unknown",
        dataset=_dataset(bench, spec),
        split=_split(bench, spec),
        embedding=_embedding(outcome.embedding) if outcome and outcome.embedding else None,
        pretraining=outcome.pretraining.name if outcome and outcome.pretraining else None,
        overlap=_overlap(spec, outcome),
        seed=spec.seed,
        threads=spec.threads,
        device=spec.device,
        pipeline={"version": PIPELINE_VERSION, **(outcome.done if outcome else {})},
        cut=outcome.cut if outcome else None,
        versions=versions(sorted({r.distribution for r in refs if r.distribution != "local"})),
        git_revision=git_revision(),
        machine=processor(),
        stages=[StageRecord(**vars(report)) for report in stages],
        scores=scores,
    )


def beside(record: Record, spec: RunSpec) -> Record:
    """``record`` where no more was tried or drawn beside it than it says, else one that says so.

    What stands beside a run is no part of it: asked for again in a larger grid, or among more sets
    of unseen classes, the same run is one of more.
    """
    told: dict[str, Any] = {}
    if spec.configurations > record.configurations:
        told["configurations"] = spec.configurations
    if spec.drawn is not None and len(spec.drawn.sets) > len(record.split.drawn):
        told["split"] = record.split.model_copy(update=_drawn(spec))
    return record.model_copy(update=told) if told else record


def _drawn(spec: RunSpec) -> dict[str, Any]:
    if spec.drawn is None:
        return {}
    return {"drawn_by": spec.drawn.rule, "drawn": [list(names) for names in spec.drawn.sets]}


def describe_external(
    bench: Bench,
    spec: RunSpec,
    run_id: str,
    *,
    contents: list[list[str]],
    scores: Scores | PartialScores,
    stages: Sequence[StageReport],
) -> Record:
    """Write the record of predictions made elsewhere: external, unsealed, unranked.

    ``contents`` are [base name, sha256] of their file.
    """
    method = spec.method
    return Record(
        run_id=run_id,
        status="finished",
        method=ComponentRecord(
            kind=method.kind,
            name=method.name,
            distribution=method.distribution,
            version=method.version,
            source=method.source,
            params={},
            origins={},
            contents=contents,
        ),
        slots={},
        ranked=False,
        external=True,
        sealed=False,
        setting="unknown",
        dataset=_dataset(bench, spec),
        split=_split(bench, spec),
        overlap=dict.fromkeys(spec.unseen, "unknown"),
        seed=spec.seed,
        threads=spec.threads,
        device=spec.device,
        pipeline={"version": PIPELINE_VERSION},
        versions=versions(sorted({spec.dataset.distribution} - {"local"})),
        git_revision=git_revision(),
        machine=processor(),
        stages=[StageRecord(**vars(report)) for report in stages],
        scores=scores,
    )


def _component(
    bench: Bench, slot: str, ref: ComponentRef, fitted: Mapping[str, float] = MappingProxyType({})
) -> ComponentRecord:
    return ComponentRecord(
        kind=ref.kind,
        name=ref.label,
        distribution=ref.distribution,
        version=ref.version,
        source=ref.source,
        params=recorded_params(ref, bench.registry, bench.hashes),
        origins={**ref.origins, **_of_parts(ref, lambda part: part.origins)},
        contents=bench.contents.get(slot, []),
        fitted=dict(fitted),
    )


def recorded_params(ref: ComponentRef, registry: Registry, hashes: FileHashes) -> dict[str, Any]:
    """Return a component's parameters as a record holds them, those of its parts by place.

    Raises DataError where a parameter is a file that is not there.
    """
    own, parts = _path_params(ref, registry, hashes), _part_params(ref, registry, hashes)
    return {**ref.params, **own, **parts}


def _path_params(ref: ComponentRef, registry: Registry, hashes: FileHashes) -> dict[str, Any]:
    """Parameters that are paths: base name and content hash; the path stays out."""
    spec = registry.item(ref).spec
    return {
        param.name: {"name": Path(value).name, "sha256": hashes.of(Path(value))}
        for param in spec.params
        if param.is_file(value := ref.params[param.name])
    }


def _part_params(ref: ComponentRef, registry: Registry, hashes: FileHashes) -> dict[str, Any]:
    """Parameters that name components: their labels, which hold no path."""
    labels = iter([part.label for part in ref.parts])
    spec = registry.item(ref).spec
    if spec.member_is_component:
        next(labels)
    lists = {
        param.name: [next(labels) for _ in ref.params[param.name] or ()]
        for param in spec.params
        if param.type == "components"
    }
    return lists | _of_parts(ref, lambda part: recorded_params(part, registry, hashes))


def _of_parts(
    ref: ComponentRef, get: Callable[[ComponentRef], Mapping[str, Any]]
) -> dict[str, Any]:
    """What ``get`` gives of each component that it is made of, by place: ``0.k``."""
    return {
        f"{place}.{name}": value
        for place, part in enumerate(ref.parts)
        for name, value in get(part).items()
    }


def _dataset(bench: Bench, spec: RunSpec) -> DatasetRecord:
    data = bench.data
    return DatasetRecord(
        component=_component(bench, "dataset", spec.dataset),
        fingerprint=data.fingerprint,
        classes=list(data.class_names),
        train_images=len(data.train.labels),
        test_images=len(data.test.labels),
        skipped_images=data.skipped,
        duplicates=data.duplicates,
    )


def _split(bench: Bench, spec: RunSpec) -> SplitRecord:
    task = bench.task
    unseen_tests = int(np.count_nonzero(task.labels.is_unseen))
    return SplitRecord(
        unseen=list(spec.unseen),
        distractors=list(spec.distractors),
        standard=sorted(spec.unseen) == sorted(bench.dataset.card.unseen),
        **_drawn(spec),
        validation=spec.validation,
        split_seed=spec.split_seed,
        fingerprint=task.fingerprint,
        train=len(task.train_rows),
        held_out=len(task.validation_rows),
        test_seen=len(task.labels.y) - unseen_tests,
        test_unseen=unseen_tests,
    )


def _embedding(embedding: Embedding) -> EmbeddingRecord:
    return EmbeddingRecord(
        fingerprint=hash_array(embedding.values),
        metric=embedding.metric,
        dim=embedding.values.shape[1],
        resolved=dict(embedding.resolved),
        untrained=list(embedding.untrained),
        counts=dict(embedding.counts) if embedding.counts is not None else None,
    )


def _overlap(spec: RunSpec, outcome: Outcome | None) -> dict[str, str]:
    """Per unseen class: did the backbone's pre-training have a label for it?"""
    if outcome is None:
        return {}
    return dict(overlap(outcome.pretraining, spec.unseen))
