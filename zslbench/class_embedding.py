"""The class vectors of a run: resolved once, kept with what was averaged and what was untrained."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Embedding
from zslbench.embeddings import check_distinct, resolve
from zslbench.enforce import check_floats
from zslbench.hashes import hash_array, hash_json

if TYPE_CHECKING:
    from zslbench.bench import Bench
    from zslbench.contracts import Dataset, Progress
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef
    from zslbench.stages import Arrays


def class_embedding(bench: Bench, slot: str = "embedding") -> Embedding:
    """Resolve the class vectors of ``slot``, from the cache where they were learnt before.

    A row for each class, then for each distractor: all in one, since a corpus' vectors depend on
    which words are asked for.
    """
    names = (*bench.task.classes.names, *bench.distractors)
    embedder = bench.create(slot)
    resolved: dict[str, Embedding] = {}
    count = len(bench.refs[slot].parts)
    parts = [class_embedding(bench, f"{slot}.{i}") for i in range(count)]

    def compute(progress: Progress) -> Arrays:
        if parts:
            resolved["embedding"] = _combined(bench, slot, names, embedder, parts)
            return _pack(resolved["embedding"])
        with bench.calling("dataset", "sentences"):
            sentences = bench.dataset.sentences()
        with bench.calling(slot, "vectors"):
            embedding = resolve(
                embedder,
                names,
                label=bench.what(slot),
                sentences=sentences,
                places=bench.places,
                context=bench.telling(progress),
            )
        resolved["embedding"] = embedding
        return _pack(embedding)

    key = bench.key(
        embedding=bench.identities[slot],
        names=list(names),
        seed=bench.context.seed,
        corpus=bench.identities.get("corpus"),
    )
    arrays = bench.stages.arrays("embedding", key, compute)
    if "embedding" in resolved:
        return resolved["embedding"]
    embedding = _unpack(arrays)
    check_distinct(embedding, names, bench.what(slot))
    return embedding


def corpus_hash(registry: Registry, ref: ComponentRef, dataset: Dataset) -> str | None:
    """Hash of the data set's own sentences, which vectors may be learnt from; None: it has none."""
    with registry.calling(ref, "sentences"):
        sentences = dataset.sentences()
    if sentences is None:
        return None
    found = hashlib.sha256()
    for sentence in sentences:
        found.update(sentence.encode() + b"\n")
    return found.hexdigest()


def _combined(
    bench: Bench, slot: str, names: tuple[str, ...], embedder: Any, parts: list[Embedding]
) -> Embedding:
    """One embedding out of several, each resolved by itself."""
    what = bench.what(slot)
    with bench.calling(slot, "combine"):
        values = embedder.combine(tuple(parts))
    check_floats(values, (len(names), None), f"{what}: combine")
    untrained = {name for part in parts for name in part.untrained}
    embedding = Embedding(
        values=values.astype(np.float32),
        metric=embedder.metric,
        space=embedder.space,
        resolved={name: " | ".join(part.resolved[name] for part in parts) for name in names},
        untrained=tuple(name for name in names if name in untrained),
    )
    check_distinct(embedding, names, what)
    return embedding


def fingerprint(embedding: Embedding) -> str:
    """Hash of all of an embedding that a component can see: values, metric and space."""
    values = hash_array(embedding.values)
    return hash_json([values, embedding.metric, embedding.space])


def _pack(embedding: Embedding) -> dict[str, Any]:
    note = {
        "metric": embedding.metric,
        "space": embedding.space,
        "resolved": dict(embedding.resolved),
        "untrained": embedding.untrained,
        "counts": dict(embedding.counts) if embedding.counts is not None else None,
    }
    return {"values": embedding.values, "note": np.frombuffer(json.dumps(note).encode(), np.uint8)}


def _unpack(arrays: Arrays) -> Embedding:
    note = json.loads(arrays["note"].tobytes().decode())
    note["untrained"] = tuple(note["untrained"])
    return Embedding(values=arrays["values"], **note)
