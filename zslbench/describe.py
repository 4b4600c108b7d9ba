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
    from zslbench.monitor import StageReport
    from zslbench.outcome import Outcome
    from zslbench.record import PartialScores
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
        params={**ref.params, **_path_params(bench, ref), **_part_params(bench, ref)},
        origins={**ref.origins, **_of_parts(ref, lambda part: part.origins)},
        contents=bench.contents.get(slot, []),
        fitted=dict(fitted),
    )


def _path_params(bench: Bench, ref: ComponentRef) -> dict[str, Any]:
    """Parameters that are paths: base name and content hash; the path stays out."""
    spec = bench.registry.item(ref).spec
    hashes = bench.hashes
    return {
        param.name: {"name": Path(value).name, "sha256": hashes.of(Path(value))}
        for param in spec.params
        if param.is_file(value := ref.params[param.name])
    }


def _part_params(bench: Bench, ref: ComponentRef) -> dict[str, Any]:
    """Parameters that name components: their labels, which hold no path."""
    labels = iter([part.label for part in ref.parts])
    spec = bench.registry.item(ref).spec
    if spec.member_is_component:
        next(labels)
    lists = {
        param.name: [next(labels) for _ in ref.params[param.name] or ()]
        for param in spec.params
        if param.type == "components"
    }
    return lists | _of_parts(
        ref, lambda part: {**part.params, **_path_params(bench, part), **_part_params(bench, part)}
    )


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
        drawn_by=spec.drawn.rule if spec.drawn else None,
        drawn=[list(names) for names in spec.drawn.sets] if spec.drawn else [],
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
