"""What the choices made on held-out images of *seen* classes share: options, and the task opened.

No test image has a part in them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.api import cache_folder, data_folder
from zslbench.cli.settings import parse_params
from zslbench.contracts import Context
from zslbench.grid import seed_range
from zslbench.inspection import inspect_run
from zslbench.machine import limited_threads
from zslbench.registry import Registry
from zslbench.runner import Runner, Workspace
from zslbench.runspec import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zslbench.contracts import ClassTable
    from zslbench.specs import Kind

METHOD = "socher2013"


class SeenImages:
    """One seed's seen images: those to learn from (``train``), those held out (``validation``)."""

    def __init__(self, runner: Runner, request: Request) -> None:
        pipeline = inspect_run(runner, request).pipeline
        if pipeline is None:
            raise SystemExit(f"{METHOD} is no recipe any more")
        self.registry, self.bench = runner.registry, pipeline.bench
        self.embedding = pipeline.embedding
        self.X = {part: pipeline.features.X(part) for part in ("train", "validation")}
        self.y = {part: pipeline.y[part] for part in self.X}

    @property
    def classes(self) -> ClassTable:
        """All classes of the task."""
        return self.bench.task.classes

    @property
    def context(self) -> Context:
        """The run's seed and threads."""
        return Context(seed=self.bench.context.seed, threads=self.bench.context.threads)

    def component(self, slot: str, kind: Kind, name: str, **changed: object) -> Any:
        """The component ``name`` with the parameters that the run gives it, but for ``changed``."""
        chosen = self.bench.refs[slot]
        params = dict(chosen.params) if chosen.name == name else {}
        ref = self.registry.resolve(kind, name, [("user", params | changed)])
        return self.registry.create(ref)


def tried(
    parser: argparse.ArgumentParser,
    option: str,
    default: str,
    score: Callable[[SeenImages, list[float]], list[Any]],
) -> tuple[list[float], list[list[Any]]]:
    """The values that ``option`` lists, and what ``score`` says of them, a list a seed."""
    add_options(parser)
    parser.add_argument(option, dest="values", default=default)
    asked = parser.parse_args()
    values = [float(value) for value in asked.values.split(",")]
    table = []
    for seed, images in opened(asked):
        print(f"seed {seed}: {len(images.y['validation']):,} images held out", flush=True)
        table.append(score(images, values))
    return values, table


def add_options(parser: argparse.ArgumentParser) -> None:
    """What names the task, the seeds and the machine."""
    parser.add_argument("--dataset", default="shapes")
    parser.add_argument("--embedding")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--data-dir")
    parser.add_argument("--cache-dir")
    parser.add_argument("--threads", type=int, default=1)


def opened(asked: argparse.Namespace) -> Iterator[tuple[int, SeenImages]]:
    """Each seed with its images, the threads limited to what was asked for meanwhile."""
    slots = {"embedding": asked.embedding} if asked.embedding else {}
    settings = parse_params(asked.settings)
    with tempfile.TemporaryDirectory() as out, limited_threads(asked.threads):
        places = Workspace(data_folder(asked.data_dir), Path(out), cache_folder(asked.cache_dir))
        runner = Runner(Registry.discover(), places)
        for seed in seed_range(asked.seeds):
            request = Request(
                METHOD, asked.dataset, slots, settings, seed=seed, threads=asked.threads
            )
            yield seed, SeenImages(runner, request)
