"""``zslbench score``: predictions made elsewhere, with the metrics of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zslbench.cli.cache import cache_dir_option
from zslbench.cli.data import data_dir_option
from zslbench.cli.output import fields, heading, plain_table, say
from zslbench.cli.progress import make_display
from zslbench.cli.results import SHOWN, percent
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.cli.settings import parse_names, parse_params

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zslbench.record import Record


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="NAME", help="See 'zslbench list dataset'.")
@click.option("--unseen", multiple=True, metavar="A,B", help="The unseen classes.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="dataset.PARAM=VALUE",
    help="Set a parameter of the data set. Repeatable.",
)
@click.option("--name", metavar="NAME", help="The method's name.  [default: the file's]")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("zslbench-runs"),
    show_default=True,
    help="Folder of the results.",
)
@cache_dir_option
@click.option("--offline", is_flag=True, help="Download nothing.")
@plugin_option
@pass_session
def score(
    session: Session,
    /,
    predictions: Path,
    unseen: tuple[str, ...],
    settings: tuple[str, ...],
    **options: Any,
) -> None:
    """Score PREDICTIONS made elsewhere: external, unsealed, unranked.

    PREDICTIONS is a .csv, .npz or .parquet file with one row for each test image: 'position'
    (0, 1, … in canonical order: by image id, class name, row in the source) or 'id' (sha256 of the
    decoded RGB pixels), and 'label', the final answer (a class name, or its index among the sorted
    names). Optional: known_label, novel_label, zsl_label, margin, novelty, p_unseen; or, instead
    of all labels and the margin, score_CLASS for every class (in an npz also a matrix 'scores'
    with 'classes'). What these columns do not tell is not scored.
    """
    from zslbench.api import score_predictions

    with make_display() as display:
        record = score_predictions(
            predictions,
            unseen=parse_names(unseen) if unseen else None,
            set=parse_params(settings),
            plugins=[*session.plugins, display],
            **options,
        )
    say("", *_lines(record, options["out"]))


def _lines(record: Record, out: Path) -> Iterator[RenderableType]:
    from zslbench.leaderboard.rows import row

    cells = row(record)
    told = {name: meaning for name, meaning in SHOWN.items() if cells[name] is not None}
    rows = [
        (f"  {name}", percent(cells[name]), _error(cells.get(f"{name}_se")), meaning)
        for name, meaning in told.items()
    ]
    yield heading(f"{record.method.name} on {record.dataset.component.name}: made elsewhere")
    yield plain_table(("  score", "%", "± se", "of what"), rows, right="lrrl")
    yield fields(_about(record, out, [name for name in SHOWN if name not in told]))


def _about(record: Record, out: Path, untold: list[str]) -> Iterator[tuple[str, Any]]:
    from zslbench.leaderboard.rows import file_name
    from zslbench.store import Store

    folder = Store(out).folder(record.run_id)
    [[base, sha256]] = record.method.contents
    yield "not scored", f"{', '.join(untold)}: {base} does not tell" if untold else None
    yield "standing", "external, unsealed, unranked"
    yield "unseen", ", ".join(record.split.unseen)
    yield "file", f"{base} (sha256 {sha256[:16]}…)"
    yield "record", folder / "record.json"
    if (folder / "predictions.parquet").is_file():
        yield "predictions", folder / "predictions.parquet"
    yield "all runs", out / f"{file_name(record.dataset.component.name)}.csv"


def _error(value: float | None) -> str:
    return "" if value is None else f"± {percent(value)}"
