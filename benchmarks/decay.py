"""How the weight decay of the two-layer map was chosen, where a data set or a plan states another.

python benchmarks/decay.py [--dataset shapes] [--embedding NAME] [--set SLOT.PARAM=VALUE]…
    [--decays 1e-4,1e-3,1e-2,1e-1] [--seeds 0-2] [--data-dir DIR] [--cache-dir DIR] [--threads 2]

For each decay, the map's mean squared distance to the class vectors on held-out images of *seen*
classes, as mean and standard deviation over seeds, beside that of the linear map and of always
answering with the mean class vector. No test image is looked at.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from zslbench.api import cache_folder, data_folder
from zslbench.cli.settings import parse_params
from zslbench.contracts import Context
from zslbench.grid import seed_range
from zslbench.inspection import inspect_run
from zslbench.machine import limited_threads
from zslbench.registry import Registry
from zslbench.runner import Runner, Workspace
from zslbench.runspec import Request

METHOD = "socher2013"


def held_out_errors(runner: Runner, request: Request, decays: list[float]) -> list[float]:
    """The error of each decay, of the linear map, and of the mean class vector."""
    pipeline = inspect_run(runner, request).pipeline
    if pipeline is None:
        raise SystemExit(f"{METHOD} is no recipe any more")
    seen = pipeline.bench.task.classes.seen
    S = pipeline.embedding.values[seen]
    X = {part: pipeline.features.X(part) for part in ("train", "validation")}
    y = {part: np.searchsorted(seen, pipeline.y[part]) for part in X}
    goal, held_out = S[y["validation"]], (X["validation"], y["validation"])
    context = Context(seed=request.seed, threads=request.threads)
    params = dict(pipeline.bench.refs["mapping"].params)
    asked = [(METHOD, params | {"decay": decay}) for decay in decays]
    errors = []
    for name, chosen in [*asked, ("linear", {})]:
        ref = runner.registry.resolve("mapping", name, [("user", chosen)])
        mapping = runner.registry.create(ref)
        mapping.fit(X["train"], y["train"], S, validation=held_out, context=context)
        Z = mapping.transform(X["validation"])
        errors.append(float(np.square(Z - goal).sum(axis=1).mean()))
        print(
            f"  seed {request.seed}, {name} {chosen.get('decay', '')}: {errors[-1]:.4f}", flush=True
        )
    guess = S[y["train"]].mean(axis=0)
    return [*errors, float(np.square(guess - goal).sum(axis=1).mean())]


def main() -> None:
    """Print a line for each decay."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--dataset", default="shapes")
    parser.add_argument("--embedding")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--decays", default="1e-4,1e-3,1e-2,1e-1")
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--data-dir")
    parser.add_argument("--cache-dir")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    decays = [float(decay) for decay in asked.decays.split(",")]
    slots = {"embedding": asked.embedding} if asked.embedding else {}
    settings = parse_params(asked.settings)
    with tempfile.TemporaryDirectory() as out, limited_threads(asked.threads):
        places = Workspace(data_folder(asked.data_dir), Path(out), cache_folder(asked.cache_dir))
        runner = Runner(Registry.discover(), places)
        table = [
            held_out_errors(
                runner,
                Request(METHOD, asked.dataset, slots, settings, seed=seed, threads=asked.threads),
                decays,
            )
            for seed in seed_range(asked.seeds)
        ]
    names = [*(f"decay {decay:g}" for decay in decays), "linear map", "mean class vector"]
    for name, values in zip(names, zip(*table, strict=True), strict=True):
        print(f"{name:18s} {np.mean(values):8.4f} ± {np.std(values):.4f}")


if __name__ == "__main__":
    main()
