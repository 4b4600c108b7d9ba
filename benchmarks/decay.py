"""How the weight decay of the two-layer map was chosen, where a data set or a plan states another.

python benchmarks/decay.py [--dataset shapes] [--embedding NAME] [--set SLOT.PARAM=VALUE]…
    [--decays 1e-4,1e-3,1e-2,1e-1] [--seeds 0-2] [--data-dir DIR] [--cache-dir DIR] [--threads 1]

For each decay, the map's mean squared distance to the class vectors on held-out images of *seen*
classes, as mean and standard deviation over seeds, beside that of the linear map and of always
answering with the mean class vector. No test image is looked at.
"""

from __future__ import annotations

import argparse

import numpy as np
from held_out import METHOD, SeenImages, tried


def held_out_errors(images: SeenImages, decays: list[float]) -> list[float]:
    """The error of each decay, of the linear map, and of the mean class vector."""
    seen = images.classes.seen
    S = images.embedding.values[seen]
    y = {part: np.searchsorted(seen, labels) for part, labels in images.y.items()}
    goal, held_out = S[y["validation"]], (images.X["validation"], y["validation"])
    errors = []
    for name, changed in [*((METHOD, {"decay": decay}) for decay in decays), ("linear", {})]:
        mapping = images.component("mapping", "mapping", name, **changed)
        mapping.fit(images.X["train"], y["train"], S, validation=held_out, context=images.context)
        Z = mapping.transform(images.X["validation"])
        errors.append(float(np.square(Z - goal).sum(axis=1).mean()))
        print(f"  {name} {changed.get('decay', '')}: {errors[-1]:.4f}", flush=True)
    guess = S[y["train"]].mean(axis=0)
    return [*errors, float(np.square(guess - goal).sum(axis=1).mean())]


def main() -> None:
    """Print a line for each decay."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    decays, table = tried(parser, "--decays", "1e-4,1e-3,1e-2,1e-1", held_out_errors)
    names = [*(f"decay {decay:g}" for decay in decays), "linear map", "mean class vector"]
    for name, values in zip(names, zip(*table, strict=True), strict=True):
        print(f"{name:18s} {np.mean(values):8.4f} ± {np.std(values):.4f}")


if __name__ == "__main__":
    main()
