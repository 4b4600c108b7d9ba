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
@click.option("--threads", type=int, help="Threads.  [default: the cores there are]")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(),
    default="reproduction",
    show_default=True,
    help="Folder of the page and of its runs.",
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
    choice = Choice(
        paper=paper,
        experiments=_chosen(paper, options["only"], extended=extended, shapes=shapes, quick=quick),
        quick=quick,
        shapes=shapes,
        seeds=options["seeds"] or ("0-2" if extended else "0"),
        threads=options["threads"] or available_cores(),
        data_dir=data_folder(options["data_dir"]),
        out=Path(options["out"]),
        cache_dir=cache_folder(options["cache_dir"]),
        offline=options["offline"],
    )
    display = make_display()
    with display:
        runs = Runs(choice, Registry.discover([*session.plugins, display]), tell)
        runs.run()
    warning = SHAPES if shapes else QUICK if quick else ""
    page = write_page(runs.sections(), runs.facts(), warning, choice.out)
    say(f"page  {page}")
    ctx.exit(worst(runs.codes))


def _chosen(
    paper: str, only: str | None, *, extended: bool, shapes: bool, quick: bool
) -> tuple[Experiment, ...]:
    """The experiments that are asked for; InputError for one that there is not."""
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
        return tuple(experiment for experiment in found if experiment.key in wanted)
    left_out = [
        e
        for e in found
        if (e.extended and not extended)
        or (shapes and not e.on_shapes)
        or (quick and not e.in_quick)
    ]
    return tuple(experiment for experiment in found if experiment not in left_out)
