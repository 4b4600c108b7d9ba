"""``zslbench reproduce PAPER``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zslbench.cli.cache import cache_dir_option
from zslbench.cli.data import data_dir_option
from zslbench.cli.output import say, tell
from zslbench.cli.progress import make_display
from zslbench.cli.run import worst
from zslbench.cli.session import Session, pass_session, plugin_option

if TYPE_CHECKING:
    from zslbench_plugins.reproduce.experiment import Experiment

QUICK = (
    "A quick look: a dictionary of 200 bases learnt from 40,000 patches in 10 rounds, a tenth of "
    "the images, a map of 5 epochs and at most 10 passes, two sets of distractors of each kind. "
    "Its figures are not to be held against the paper's."
)
SHAPES = "On drawn shapes, not on photographs: this shows that everything runs, and nothing more."


@click.command()
@click.argument("paper", type=click.Choice(("socher2013",)))
@click.option("--only", metavar="fig4,…", help="These experiments alone.")
@click.option("--quick", is_flag=True, help="A small dictionary and a tenth of the images.")
@click.option(
    "--extended",
    is_flag=True,
    help="Three seeds, five starts of the map, ablations, and ten years on.",
)
@click.option("--seeds", metavar="0-2", help="Seeds.  [default: 0; with --extended 0-2]")
@click.option(
    "--on",
    type=click.Choice(("cifar", "shapes")),
    default="cifar",
    show_default=True,
    help="The paper's images, or drawn ones: what needs no photographs.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads.  [default: the cores there are]")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder of the page and of its runs.  [default: reproduction; with --quick "
    "reproduction-quick, with --extended reproduction-extended, with --only fig4 "
    "reproduction-fig4]",
)
@cache_dir_option
@click.option("--offline", is_flag=True, help="Download nothing.")
@plugin_option
@pass_session
@click.pass_context
def reproduce(ctx: click.Context, session: Session, /, paper: str, **options: Any) -> None:
    """Run a whole paper's experiments again, and write one page of them.

    Every figure stands beside the published one, with the command that makes it again. What is
    finished or cached is not computed again: a killed call goes on where it was.
    """
    from zslbench.api import cache_folder, data_folder
    from zslbench.cli.failures import report
    from zslbench.errors import InputError
    from zslbench.machine import available_cores
    from zslbench.registry import Registry
    from zslbench_plugins.reproduce.page import write_page
    from zslbench_plugins.reproduce.session import Choice
    from zslbench_plugins.reproduce.session import Session as Runs

    quick, shapes, extended = options["quick"], options["on"] == "shapes", options["extended"]
    if quick and shapes:
        raise InputError(
            "--quick is for photographs: with --on shapes, which is quick, leave it out"
        )
    only, seeds, threads, out = (options[name] for name in ("only", "seeds", "threads", "out"))
    experiments = _chosen(paper, only, extended=extended, shapes=shapes, quick=quick)
    kind = ["quick"] * quick + ["shapes"] * shapes + ["extended"] * extended
    narrower = [experiment.key for experiment in experiments] if only is not None else []
    choice = Choice(
        paper=paper,
        experiments=experiments,
        quick=quick,
        shapes=shapes,
        seeds=seeds if seeds is not None else "0-2" if extended else "0",
        threads=threads if threads is not None else available_cores(),
        data_dir=data_folder(options["data_dir"]),
        out=Path(out if out is not None else "-".join(["reproduction", *kind, *narrower])),
        cache_dir=cache_folder(options["cache_dir"]),
        offline=options["offline"],
    )
    display = make_display()
    with display:
        registry = Registry.discover([*session.plugins, display])
        runs = Runs(choice, registry, tell, lambda failure, of: report(failure, session, f"{of}: "))
        runs.run()
        sections = runs.sections()
    warning = SHAPES if shapes else QUICK if quick else ""
    page = write_page(sections, runs.facts(), warning, choice.out)
    say(f"page  {page}")
    ctx.exit(worst(runs.codes))


def _chosen(
    paper: str, only: str | None, *, extended: bool, shapes: bool, quick: bool
) -> tuple[Experiment, ...]:
    """The experiments that are asked for; InputError for one that there is not, or not so."""
    from importlib import import_module

    from zslbench.errors import InputError
    from zslbench.params import suggest

    found: tuple[Experiment, ...] = import_module(f"{__package__}.{paper}").EXPERIMENTS
    keys = [experiment.key for experiment in found]
    if only is not None:
        wanted = [key.strip() for key in only.split(",") if key.strip()]
        if not wanted:
            raise InputError(f"--only {only!r} names no experiment; there are {', '.join(keys)}")
        for key in wanted:
            if key not in keys:
                near = suggest(key, keys) or ";"
                raise InputError(f"unknown experiment {key!r}{near} there are {', '.join(keys)}")
        chosen = tuple(experiment for experiment in found if experiment.key in wanted)
        _refuse_where_it_tells_nothing(chosen, shapes=shapes, quick=quick)
        return chosen
    return tuple(
        e
        for e in found
        if (extended or not e.extended)
        and (e.on_shapes or not shapes)
        and (e.in_quick or not quick)
    )


def _refuse_where_it_tells_nothing(
    chosen: tuple[Experiment, ...], *, shapes: bool, quick: bool
) -> None:
    from zslbench.errors import InputError

    for experiment in chosen:
        if shapes and not experiment.on_shapes:
            raise InputError(
                f"--only {experiment.key} is about photographs: leave out --on shapes, or the "
                "experiment"
            )
        if quick and not experiment.in_quick:
            raise InputError(
                f"--only {experiment.key} changes what --quick makes small: leave out one of them"
            )
