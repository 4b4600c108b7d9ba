"""``zslbench run``: a method on a data set, for one seed or several, or a grid of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zslbench.cli.cache import cache_dir_option
from zslbench.cli.data import data_dir_option
from zslbench.cli.failures import INTERRUPTED, SEVERITY, report
from zslbench.cli.output import say, tell
from zslbench.cli.progress import make_display
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.cli.settings import parse_names, parse_settings
from zslbench.errors import InputError
from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.runspec import Request

Command = TypeVar("Command", bound=Callable[..., Any])


def slot_options(command: Command) -> Command:
    """Add a flag for every slot of a method; what it names takes the recipe's place."""
    for slot, kind in reversed(tuple(SLOTS.items())):
        flag = f"--{slot.replace('_', '-')}"
        text = f"Another {slot.replace('_', ' ')}; see 'zslbench list {kind}'."
        command = click.option(flag, multiple=True, metavar="NAME", help=text)(command)
    return command


@click.command()
@click.argument("plan", required=False, type=click.Path())
@click.option("--method", multiple=True, metavar="NAME", help="See 'zslbench list method'.")
@click.option("--dataset", multiple=True, metavar="NAME", help="See 'zslbench list dataset'.")
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
    "--distractors",
    multiple=True,
    metavar="A,B",
    help="Words of no class, for unseen_classifier.candidates=unseen+distractors.",
)
@click.option("--splits", metavar="random:10", help="Draw sets of unseen classes by --split-seed.")
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
@click.option(
    "--seed", type=int, multiple=True, help="For what is random in components.  [default: 0]"
)
@click.option("--seeds", metavar="0-4", help="Several seeds, one after another: 0-4 or 0,2,5.")
@click.option("--threads", type=int, help="Threads.  [default: the cores there are]")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="Device for networks; the other parts run on the CPU.",
)
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
@click.option("--dry-run", is_flag=True, help="Print the rows with time and disk; run nothing.")
@click.option("--report", "report_dir", type=click.Path(), help="Write a page of the run here.")
@plugin_option
@pass_session
@click.pass_context
def run(ctx: click.Context, session: Session, /, **options: Any) -> None:
    """Run a method on a data set and score it.

    A finished run answers at once from its record. Each of the method's slots can be filled with
    another component by the slot's flag. A flag given twice, or one parameter set to two values,
    is an axis of a grid; PLAN is a written one (.toml). A failed row doesn't stop the others.
    """
    report_dir, dry_run = options.pop("report_dir"), options.pop("dry_run")
    arguments = grid_arguments(ctx, options)
    requests = _announce(session, arguments, dry_run=dry_run)
    if not dry_run:
        ctx.exit(_run_rows(session, arguments, requests, report_dir))


def _run_rows(
    session: Session,
    arguments: dict[str, Any],
    requests: tuple[Request, ...],
    report_dir: str | None,
) -> int:
    """Run row after row, tell of each, and return the gravest exit code."""
    from zslbench.cli.grid import differences, grid_table, row_line
    from zslbench.cli.results import repeats_table, result_lines
    from zslbench.grid_run import evaluate_grid

    out, different, many = Path(arguments["out"]), differences(requests), len(requests) > 1
    one_configuration = all(set(d) <= {"seed", "unseen"} for d in different)
    display = make_display()
    found = evaluate_grid(**arguments, plugins=[*session.plugins, display])
    rows, codes = [], []
    for number, (request, own) in enumerate(zip(requests, different, strict=True), 1):
        display.started = False
        try:
            with display:
                row = next(found)
        except KeyboardInterrupt as interruption:
            codes.append(report(interruption, session))
            break
        rows.append(row)
        if row.failure is not None:
            if not many:
                raise row.failure
            codes.append(report(row.failure, session, f"{words_of(request, own)}: "))
        if one_configuration and row.record is not None:
            say("", *result_lines(row.record, out, answered=not display.started))
        elif not one_configuration:
            say(row_line(number, len(requests), own, row))
        if report_dir is not None and row.record is not None:
            folder = Path(report_dir, page_name(own)) if many else Path(report_dir)
            _write_page(row.record, out, folder)
    records = [row.record for row in rows if row.record is not None]
    if one_configuration and len(records) > 1:
        say("", repeats_table(records))
    elif not one_configuration and rows:
        say("", grid_table(rows, different[: len(rows)]))
    return worst(codes)


def words_of(request: Request, different: Mapping[str, str]) -> str:
    """How an error names a row."""
    from zslbench.cli.grid import words

    return words(different).replace("seed=", "seed ") or f"seed {request.seed}"


def page_name(different: Mapping[str, str]) -> str:
    """A folder's name for a row: ``seed-1``, ``novelty-knn_seed-1``."""
    text = "_".join(f"{axis}-{value}" for axis, value in different.items())
    return re.sub(r"[^\w.,-]+", "-", text)


def _write_page(record: Record, out: Path, target: Path) -> None:
    from zslbench.report import write_report
    from zslbench.store import Store

    say(f"page         {write_report(Store(out).folder(record.run_id), target)}")


def parse_seeds(seed: tuple[int, ...], seeds: str | None) -> tuple[int, ...]:
    """Return the seeds that ``--seed N`` or ``--seeds 0-4`` or ``--seeds 0,2,5`` name."""
    if seeds is None:
        return tuple(dict.fromkeys(seed)) or (0,)
    if seed:
        raise InputError("--seed and --seeds exclude each other: give one of them")
    from zslbench.grid import seed_range

    return seed_range(seeds)


def worst(codes: list[int]) -> int:
    """The exit code of several runs: 130 if interrupted, else the gravest."""
    if INTERRUPTED in codes:
        return INTERRUPTED
    return max(codes, key=SEVERITY.index, default=0)


def grid_arguments(ctx: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The options, and the plan where one is given, as ``evaluate_grid`` takes them.

    A flag replaces what the plan says of the same thing; raises InputError.
    """
    from zslbench.grid import read_plan

    path, settings = options.pop("plan"), parse_settings(options.pop("settings"))
    unseen, distractors = options.pop("unseen"), options.pop("distractors")
    slots = {slot: list(names) for slot in SLOTS if (names := options.pop(slot))}
    seeds = parse_seeds(options.pop("seed"), options.pop("seeds"))
    plan = {} if path is None else read_plan(Path(path))
    given = {name for name in options if _is_given(ctx, name)}
    arguments = {**options, **{k: v for k, v in plan.items() if k not in given}}
    arguments["slots"] = {**plan.get("slots", {}), **slots}
    arguments["set"] = {**plan.get("set", {}), **settings}
    if "seeds" not in plan or _is_given(ctx, "seed") or _is_given(ctx, "seeds"):
        arguments["seeds"] = seeds
    if unseen:
        arguments["unseen"] = parse_names(unseen)
    if distractors:
        arguments["distractors"] = parse_names(distractors)
    for name in ("method", "dataset"):
        if not arguments[name]:
            raise InputError(
                f"no {name}: give --{name} NAME, or a plan; see 'zslbench list {name}'"
            )
    return arguments


def _is_given(ctx: click.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source not in (None, click.core.ParameterSource.DEFAULT)


def _announce(session: Session, arguments: dict[str, Any], *, dry_run: bool) -> tuple[Request, ...]:
    """Say what will be done, before anything is read; return the rows."""
    from zslbench.cli.grid import differences, plan_lines, words
    from zslbench.cli.plan import describe_plan
    from zslbench.grid_run import plan_grid
    from zslbench.runspec import resolve_request

    how_to_run = ("offline", "skip_corrupt")  # no matter to a plan
    asked = {name: value for name, value in arguments.items() if name not in how_to_run}
    planned = plan_grid(**asked, plugins=session.plugins, timed=dry_run)
    requests, different = planned.requests, differences(planned.requests)
    if dry_run:
        say(*plan_lines(different, planned.estimates, planned.total))
    elif all(set(d) <= {"seed"} for d in different):
        spec = resolve_request(requests[0], session.registry)
        seeds = tuple(request.seed for request in requests)
        standard = requests[0].unseen is None
        tell(*describe_plan(spec, seeds, planned.folders, standard=standard), "")
    else:
        tell(f"{len(requests)} rows, each a run of its own:")
        tell(*(f"  {number}  {words(own)}" for number, own in enumerate(different, 1)), "")
    return requests
