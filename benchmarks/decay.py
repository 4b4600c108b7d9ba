"""How the decay that `shapes` recommends for the two-layer map was chosen.

python benchmarks/decay.py

For each decay, the map's mean squared distance to the class vectors on held-out images of *seen*
classes, over three seeds, beside that of always answering with the mean class vector. No test image
is looked at.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from zslbench.contracts import Context, Places, no_progress
from zslbench.embeddings import resolve
from zslbench.images import PartImages, StoredDataset, store
from zslbench.registry import Registry
from zslbench.standardise import moments
from zslbench.tasks import Split, build_task

DECAYS = (1e-4, 1e-3, 1e-2, 1e-1)
SEEDS = (0, 1, 2)


def held_out_errors(
    data: StoredDataset, registry: Registry, places: Places, seed: int
) -> list[float]:
    """The error of each of DECAYS, and last that of the mean class vector."""
    dataset = registry.create(registry.resolve("dataset", "shapes"))
    told = {key.partition(".")[2]: value for key, value in dataset.card.recommended.items()}
    context = Context(seed=seed, threads=1)
    task = build_task(data, Split(dataset.card.unseen, 0.05, 0))
    sizes = {name: told[name] for name in ("bases", "patches", "rounds")}
    backbone = registry.create(registry.resolve("backbone", "coates2011", [("user", sizes)]))
    backbone.fit(PartImages(data.train.pixels, task.train_rows), context=context)
    learnt = {name: told[name] for name in ("dim", "epochs")}
    words = registry.create(registry.resolve("embedding", "corpus/word2vec", [("user", learnt)]))
    S = resolve(
        words, data.class_names, label="words", sentences=dataset.sentences(), places=places,
        context=context,
    ).values[task.classes.seen]  # fmt: skip
    X, y = {}, {}
    for part, rows in (("train", task.train_rows), ("held out", task.validation_rows)):
        raw = backbone.transform(data.train.pixels[rows], context=context)
        if part == "train":
            by = moments(raw, np.arange(len(raw)), backbone.variance_floor)
        X[part] = ((raw - by.mean) / by.scale).astype(np.float32)
        y[part] = np.searchsorted(task.classes.seen, data.train.labels[rows])
    goal = S[y["held out"]]
    errors = []
    for decay in DECAYS:
        chosen = {"decay": decay, "max_passes": told["max_passes"]}
        ref = registry.resolve("mapping", "socher2013", [("user", chosen)])
        mapping = registry.create(ref).fit(X["train"], y["train"], S, context=context)
        errors.append(float(np.square(mapping.transform(X["held out"]) - goal).sum(axis=1).mean()))
    guess = S[y["train"]].mean(axis=0)
    return [*errors, float(np.square(guess - goal).sum(axis=1).mean())]


def main() -> None:
    """Print a line for each decay."""
    registry = Registry.discover()
    dataset = registry.create(registry.resolve("dataset", "shapes"))
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder), Path(folder))
        data = store(dataset.load(places), Path(folder, "shapes"), no_progress)
        table = [held_out_errors(data, registry, places, seed) for seed in SEEDS]
    names = [*(f"decay {decay:g}" for decay in DECAYS), "mean class vector"]
    for name, values in zip(names, zip(*table, strict=True), strict=True):
        print(f"{name:18s} {np.mean(values):8.3f} ± {np.std(values):.3f}")


if __name__ == "__main__":
    main()
