"""``zslbench run``: a method on a data set, for one seed or several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zslbench.cli.cache import cache_dir_option
from zslbench.cli.data import data_dir_option
from zslbench.cli.failures import INTERRUPTED, SEVERITY, report
from zslbench.cli.output import say, tell
from zslbench.cli.progress import make_display
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.errors import InputError
from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.runspec import RunSpec

Command = TypeVar("Command", bound=Callable[..., Any])


def slot_options(command: Command) -> Command:
    """Add a flag for every slot of a method; what it names takes the recipe's place."""
    for slot, kind in reversed(tuple(SLOTS.items())):
        flag = f"--{slot.replace('_', '-')}"
        text = f"Another {slot.replace('_', ' ')}; see 'zslbench list {kind}'."
        command = click.option(flag, metavar="NAME", help=text)(command)
    return command


@click.command()
@click.option("--method", required=True, metavar="NAME", help="See 'zslbench list method'.")
@click.option("--dataset", required=True, metavar="NAME", help="See 'zslbench list dataset'.")
@slot_options
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SLOT.PARAM=VALUE",
    help="Set a parameter, as in mapping.hidden=100; see 'zslbench show'. Repeatable.",
)
@click.option("--unseen", multiple=True, metavar="A,B", help="The unseen classes.")
@click.option(
    "--validation",
    type=float,
    default=0.05,
    show_default=True,
    help="Share of the seen training images that is held out.",
)
@click.option(
    "--split-seed", type=int, default=0, show_default=True, help="Draws the held-out images."
)
@click.option("--seed", type=int, help="For what is random in components.  [default: 0]")
@click.option("--seeds", metavar="0-4", help="Several seeds, one after another: 0-4 or 0,2,5.")
@click.option("--threads", type=int, help="Threads.  [default: the cores there are]")
@click.option("--device", default="cpu", show_default=True, help="Device for torch.")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(),
    default="zslbench-runs",
    show_default=True,
    help="Folder of the results.",
)
@cache_dir_option
@click.option("--offline", is_flag=True, help="Download nothing.")
@click.option("--force", is_flag=True, help="Run again what has a record already.")
@click.option("--skip-corrupt", is_flag=True, help="Leave corrupt images out, and count them.")
@click.option(
    "--reference",
    type=click.Choice(("oracle", "supervised")),
    help="Make an unranked reference row: an oracle gate, or all classes seen.",
)
@click.option("--report", "report_dir", type=click.Path(), help="Write a page of the run here.")
@plugin_option
@pass_session
@click.pass_context
def run(ctx: click.Context, session: Session, /, **options: Any) -> None:
    """Run a method on a data set and score it.

    A finished run answers at once from its record. Each of the method's slots can be filled with
    another component by the slot's flag.
    """
    seeds = parse_seeds(options.pop("seed"), options.pop("seeds"))
    report_dir = options.pop("report_dir")
    arguments = _arguments(options)
    _announce(session, arguments, seeds)
    records: list[Record] = []
    codes = []
    for seed in seeds:
        try:
            records.append(_run_seed(session, arguments, seed, report_dir, many=len(seeds) > 1))
        except (Exception, KeyboardInterrupt) as failure:
            if len(seeds) == 1:
                raise
            codes.append(report(failure, session, f"seed {seed}: "))
            if codes[-1] == INTERRUPTED:
                break
    if len(records) > 1:
        from zslbench.cli.results import seeds_table

        say("", seeds_table(records))
    ctx.exit(worst(codes))


def parse_seeds(seed: int | None, seeds: str | None) -> tuple[int, ...]:
    """Return the seeds that ``--seed N`` or ``--seeds 0-4`` or ``--seeds 0,2,5`` name."""
    if seeds is None:
        return (0 if seed is None else seed,)
    if seed is not None:
        raise InputError("--seed and --seeds exclude each other: give one of them")
    found: dict[int, None] = {}
    for part in seeds.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InputError(f"--seeds {seeds!r} cannot be read: write 0-4, or 0,2,5")
        if dash and int(last) < int(first):
            raise InputError(f"--seeds {seeds!r}: {part.strip()!r} counts down: write it as 0-4")
        found |= dict.fromkeys(range(int(first), int(last or first) + 1))
    return tuple(found)


def parse_settings(settings: tuple[str, ...]) -> dict[str, str]:
    """Return ``--set`` options as ``slot.param`` → value; the last one of a name holds."""
    chosen = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or "." not in key:
            raise InputError(f"--set {text!r} cannot be read: write SLOT.PARAM=VALUE")
        chosen[key.strip()] = value
    return chosen


def worst(codes: list[int]) -> int:
    """The exit code of several runs: 130 if interrupted, else the gravest."""
    if INTERRUPTED in codes:
        return INTERRUPTED
    return max(codes, key=SEVERITY.index, default=0)


def _arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the Python interface takes them."""
    slots = {slot: options.pop(slot) for slot in SLOTS}
    unseen, settings = options.pop("unseen"), options.pop("settings")
    names = [name.strip() for text in unseen for name in text.split(",") if name.strip()]
    return {
        **options,
        "slots": {slot: name for slot, name in slots.items() if name is not None},
        "set": parse_settings(settings),
        "unseen": names if unseen else None,
    }


def _announce(session: Session, arguments: dict[str, Any], seeds: tuple[int, ...]) -> None:
    """Say what will be done, before anything is read."""
    from zslbench.api import cache_folder, data_folder
    from zslbench.cli.plan import describe_plan

    spec = _resolve(session, arguments, seeds[0])
    folders = {
        "data": data_folder(arguments["data_dir"]),
        "cache": cache_folder(arguments["cache_dir"]),
        "results": Path(arguments["out"]),
    }
    tell(*describe_plan(spec, seeds, folders, standard=arguments["unseen"] is None), "")


def _resolve(session: Session, arguments: dict[str, Any], seed: int) -> RunSpec:
    from zslbench.machine import available_cores
    from zslbench.runspec import Request, resolve_dataset, resolve_run

    names = ("method", "dataset", "slots", "set", "validation", "split_seed", "device")
    unseen, threads = arguments["unseen"], arguments["threads"]
    request = Request(
        **{name: arguments[name] for name in names},
        unseen=None if unseen is None else tuple(unseen),
        threads=available_cores() if threads is None else threads,
        seed=seed,
        reference=arguments["reference"],
    )
    ref = resolve_dataset(request, session.registry)
    return resolve_run(request, session.registry, ref, session.registry.create(ref).card)


def _run_seed(
    session: Session, arguments: dict[str, Any], seed: int, report_dir: str | None, *, many: bool
) -> Record:
    from zslbench.api import evaluate
    from zslbench.cli.results import result_lines

    with make_display() as display:
        record = evaluate(**arguments, seed=seed, plugins=[*session.plugins, display])
    say("", *result_lines(record, Path(arguments["out"]), answered=not display.started))
    if report_dir is not None:
        from zslbench.report import write_report
        from zslbench.store import Store

        folder = Store(Path(arguments["out"])).folder(record.run_id)
        target = Path(report_dir, f"seed-{seed}") if many else Path(report_dir)
        say(f"page         {write_report(folder, target)}")
    return record
