"""Runs to report on before any real one: drawn images, gated as a method would gate them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zslbench.contracts import ClassTable, Prediction, TestLabels
from zslbench.record import (
    ComponentRecord,
    DatasetRecord,
    EmbeddingRecord,
    ErrorRecord,
    Record,
    SplitRecord,
    StageRecord,
)
from zslbench.score import score
from zslbench.wordspace import WordSpace, describe_wordspace

CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HOSTILE = '<script>alert("1")</script> & "quoted"'
SHAPES = tuple(
    f"{colour} {texture} {form}"
    for colour in ("amber", "blue", "crimson", "green", "violet")
    for texture, form in (("dotted", "ring"), ("plain", "star"), ("striped", "square"))
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class DrawnRun:
    """What the runner would have stored."""

    record: Record
    wordspace: WordSpace | None

    def store(self, out: Path) -> Path:
        """Write the run's folder as the store does."""
        folder = out / "runs" / self.record.run_id[:16]
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(self.record.model_dump_json(indent=1) + "\n")
        if self.wordspace is not None:
            (folder / "wordspace.json").write_text(self.wordspace.model_dump_json())
        return folder


def draw_run(
    names: tuple[str, ...] = CIFAR,
    unseen: tuple[str, ...] = ("cat", "truck"),
    *,
    images: int = 300,
    novelty: bool = True,
    words: bool = True,
    seed: int = 0,
    **changes: Any,
) -> DrawnRun:
    """A run of a made-up method on ``images`` test images a class; ``changes`` go to the record."""
    names = tuple(sorted(names))
    roles = tuple("unseen" if name in unseen else "seen" for name in names)
    classes = ClassTable(names, roles)  # type: ignore[arg-type]
    y = np.repeat(np.arange(len(names)), images)
    labels = TestLabels(y, np.isin(y, classes.unseen))
    generator = np.random.Generator(np.random.PCG64(seed))
    S = generator.normal(size=(len(names), 12))
    shrink = np.where(labels.is_unseen, 0.45, 0.8)[:, None]
    Z = S.mean(axis=0) + shrink * (S[y] - S.mean(axis=0)) + generator.normal(size=(len(y), 12)) / 2
    prediction, cut = _predict(S, Z, classes, novelty=novelty)
    final = np.where(prediction.margin > 0, prediction.known_label, prediction.novel_label)
    space = describe_wordspace(S, Z, final, names, roles, seed=seed) if words else None
    record = _record(classes, images, cut, words=words, seed=seed)
    scores = score(prediction, labels, classes, curve="gate", resamples=200)
    return DrawnRun(record.model_copy(update={"scores": scores, **changes}), space)


def failed_run() -> DrawnRun:
    error = ErrorRecord(kind="DataError", message="cannot read vectors.txt", exit_code=3)
    run = draw_run(images=20, status="failed", error=error, scores=None, ranked=False)
    return DrawnRun(run.record, None)


def _predict(
    S: np.ndarray, Z: np.ndarray, classes: ClassTable, *, novelty: bool
) -> tuple[Prediction, float]:
    distance = np.linalg.norm(Z[:, None] - S, axis=2)
    nearest = distance[:, classes.seen].min(axis=1)
    cut = float(np.quantile(nearest, 0.7))
    zsl = classes.unseen[distance[:, classes.unseen].argmin(axis=1)]
    prediction = Prediction(
        known_label=classes.seen[distance[:, classes.seen].argmin(axis=1)],
        novel_label=zsl,
        zsl_label=zsl,
        margin=np.float32(cut - nearest),
        novelty=np.float32(nearest) if novelty else None,
    )
    return prediction, cut


def _record(classes: ClassTable, images: int, cut: float, *, words: bool, seed: int) -> Record:
    unseen = [classes.names[i] for i in classes.unseen]
    return Record(
        run_id=digest(f"{classes} {images} {words} {seed}"),
        status="finished",
        method=component("method", "socher2013"),
        slots=_slots(),
        ranked=True,
        setting="inductive",
        dataset=DatasetRecord(
            component=component("dataset", "cifar10"),
            fingerprint=digest("data"),
            classes=list(classes.names),
            train_images=5000 * len(classes.names),
            test_images=images * len(classes.names),
            skipped_images=0,
            duplicates={"train": 2, "test": 0, "across": 1},
        ),
        split=SplitRecord(
            unseen=unseen,
            standard=True,
            validation=0.05,
            split_seed=0,
            fingerprint=digest("split"),
            train=4750 * len(classes.seen),
            held_out=250 * len(classes.seen),
            test_seen=images * len(classes.seen),
            test_unseen=images * len(classes.unseen),
        ),
        embedding=_embedding(classes) if words else None,
        overlap=dict.fromkeys(unseen, "none"),
        seed=seed,
        threads=2,
        device="cpu",
        pipeline={
            "version": 1,
            "refit": "the seen classifier, on training and validation parts",
            "standardise": "mean and variance of the seen training part",
        },
        cut=cut,
        versions={"numpy": "2.2.1", "python": "3.11.9", "torch": "2.9.0", "zslbench": "0.1.0"},
        git_revision="0123456789abcdef0123456789abcdef01234567",
        machine={"cpu": "Some CPU @ 2.50GHz", "cores": 2, "system": "Linux x86_64"},
        stages=[
            StageRecord(stage="read images", seconds=0.4, peak_bytes=4 * 10**8, cached=True),
            StageRecord(stage="features", seconds=312.25, peak_bytes=31 * 10**8, cached=False),
            StageRecord(stage="mapping", seconds=41.5, peak_bytes=24 * 10**8, cached=False),
            StageRecord(stage="score", seconds=1.25, peak_bytes=24 * 10**8, cached=False),
        ],
    )


def component(kind: str, name: str, **params: tuple[Any, str]) -> ComponentRecord:
    """A component whose ``params`` are (value, origin)."""
    return ComponentRecord(
        kind=kind,
        name=name,
        distribution="zslbench",
        version="1",
        source=digest(name),
        params={key: value for key, (value, _) in params.items()},
        origins={key: origin for key, (_, origin) in params.items()},
        contents=[["vectors.txt", digest("vectors")]] if name.startswith("file/") else [],
    )


def _slots() -> dict[str, ComponentRecord]:
    corpus = {"name": "my corpus.txt", "sha256": digest("corpus")}
    return {
        "backbone": component(
            "backbone",
            "coates2011",
            bases=(1600, "default"),
            patch=(6, "default"),
            alpha=(0.25, "user"),
            whiten=(True, "default"),
        ),
        "embedding": component(
            "embedding", "file/vectors.txt", format=("auto", "default"), extra=(corpus, "user")
        ),
        "mapping": component(
            "mapping", "socher2013", hidden=(100, "user"), ridge=(0.0001, "default")
        ),
        "novelty": component("novelty", "gaussian", floor=(None, "user")),
        "gate": component(
            "gate", "hard", cut=("seen_kept:0.9", "recipe"), cut_from=("validation", "default")
        ),
        "seen_classifier": component("classifier", "softmax", grid=([0.001, 0.01], "user")),
        "unseen_classifier": component(
            "classifier", "nearest-word", candidates=("unseen", "recipe")
        ),
    }


def _embedding(classes: ClassTable) -> EmbeddingRecord:
    return EmbeddingRecord(
        fingerprint=digest("words"),
        metric="euclidean",
        dim=50,
        resolved={name: name.lower() for name in classes.names},
        untrained=[classes.names[-1]],
        counts={name.lower(): 40 + 7 * i for i, name in enumerate(classes.names)},
    )
