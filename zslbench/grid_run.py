"""Grids through the Python interface: every combination run, or only planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.api import cache_folder, data_folder, fixed_options
from zslbench.grid import make_grid, with_splits
from zslbench.registry import Registry
from zslbench.runspec import Reference, Request, resolve_request

if TYPE_CHECKING:
    from zslbench.estimate import Estimate
    from zslbench.grid import Grid
    from zslbench.record import Record
    from zslbench.runner import Runner


@dataclass(frozen=True)
class GridRow:
    """One row of a grid: its record, or the failure that left it without one."""

    request: Request
    record: Record | None
    failure: Exception | None


def evaluate_grid(
    method: str | Sequence[str],
    dataset: str | Sequence[str],
    *,
    slots: Mapping[str, str | Sequence[str]] | None = None,
    set: Mapping[str, Any] | None = None,
    unseen: Sequence[str] | Sequence[Sequence[str]] | None = None,
    distractors: Sequence[str] | Sequence[Sequence[str]] = (),
    splits: str | None = None,
    seeds: int | str | Sequence[int] = 0,
    validation: float = 0.05,
    split_seed: int = 0,
    data_dir: str | Path | None = None,
    out: str | Path = "zslbench-runs",
    cache_dir: str | Path | None = None,
    threads: int | None = None,
    device: str = "cpu",
    offline: bool = False,
    force: bool = False,
    skip_corrupt: bool = False,
    reference: Reference | None = None,
    plugins: Iterable[Any] = (),
) -> Iterator[GridRow]:
    """Run every combination of the values given, one row after another, as it is asked for.

    A list is an axis: ``evaluate_grid("socher2013", "cifar10", slots={"novelty": ["gaussian",
    "knn"]}, set={"gate.cut": ["seen_kept:0.8", "seen_kept:0.9"]})`` has four rows. ``splits``
    ("random:10") draws sets of unseen classes with ``split_seed``. Stages that rows have in common
    are computed once; a row that fails is given with its failure, and the others go on. All else is
    as for :func:`evaluate`; :func:`zslbench.read_plan` reads the same arguments from a file.

    Raises InputError for a grid that cannot be, before its first row.
    """
    from zslbench.runner import Runner, Workspace

    registry = Registry.discover(plugins)
    fixed = fixed_options(validation, split_seed, threads, device, reference)
    grid = make_grid(
        method=method,
        dataset=dataset,
        slots=slots,
        set=set,
        unseen=unseen,
        distractors=distractors,
        seeds=seeds,
        **fixed,
    )
    requests = _planned(grid, splits, registry)
    workspace = Workspace(
        data_dir=data_folder(data_dir),
        out=Path(out),
        cache_dir=cache_folder(cache_dir),
        offline=offline,
        skip_corrupt=skip_corrupt,
        force=force,
    )
    return run_rows(Runner(registry, workspace), requests)


@dataclass(frozen=True)
class PlannedGrid:
    """What a grid will do, nothing of it done."""

    requests: tuple[Request, ...]
    folders: Mapping[str, Path]  # data, cache and results
    estimates: tuple[Estimate, ...] = ()  # beyond the rows before, where asked for

    @property
    def total(self) -> Estimate:
        """Of all rows."""
        from zslbench.estimate import Estimate

        return sum(self.estimates, Estimate())


def plan_grid(
    method: str | Sequence[str],
    dataset: str | Sequence[str],
    *,
    timed: bool = True,
    slots: Mapping[str, str | Sequence[str]] | None = None,
    set: Mapping[str, Any] | None = None,
    unseen: Sequence[str] | Sequence[Sequence[str]] | None = None,
    distractors: Sequence[str] | Sequence[Sequence[str]] = (),
    splits: str | None = None,
    seeds: int | str | Sequence[int] = 0,
    validation: float = 0.05,
    split_seed: int = 0,
    data_dir: str | Path | None = None,
    out: str | Path = "zslbench-runs",
    cache_dir: str | Path | None = None,
    threads: int | None = None,
    device: str = "cpu",
    force: bool = False,
    reference: Reference | None = None,
    plugins: Iterable[Any] = (),
) -> PlannedGrid:
    """Return the rows that :func:`evaluate_grid` would run, given the same arguments.

    ``timed`` adds what each would take: from the times of earlier runs in ``out``, and the sizes of
    features. Nothing is run, fetched or decoded. Raises InputError, as the grid itself would.
    """
    from zslbench.runner import Workspace

    registry = Registry.discover(plugins)
    fixed = fixed_options(validation, split_seed, threads, device, reference)
    grid = make_grid(
        method=method,
        dataset=dataset,
        slots=slots,
        set=set,
        unseen=unseen,
        distractors=distractors,
        seeds=seeds,
        **fixed,
    )
    requests = _planned(grid, splits, registry)
    data, cache, results = data_folder(data_dir), cache_folder(cache_dir), Path(out)
    folders = {"data": data, "cache": cache, "results": results}
    if not timed:
        return PlannedGrid(requests, folders)
    from zslbench.estimate import estimate

    workspace = Workspace(data, results, cache, force=force)
    return PlannedGrid(requests, folders, estimate(requests, registry, workspace))


def _planned(grid: Grid, splits: str | None, registry: Registry) -> tuple[Request, ...]:
    """The grid's requests, each known to be possible."""
    requests = with_splits(grid, splits, registry).requests()
    for request in requests:
        resolve_request(request, registry)
    return requests


def run_rows(runner: Runner, requests: Iterable[Request]) -> Iterator[GridRow]:
    """Run one request after another; one that fails is given with its failure."""
    for request in requests:
        try:
            record = runner.run(request)
        except Exception as failure:  # whatever went wrong in one row: the others go on
            yield GridRow(request, None, failure)
        else:
            yield GridRow(request, record, None)
