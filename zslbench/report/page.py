"""A finished run as one page of its own, with its figures as files beside it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zslbench.disk import refusals_named, replacing, write_text
from zslbench.errors import InputError
from zslbench.record import read_record
from zslbench.replay import replay_command
from zslbench.report.confusion import draw_confusion
from zslbench.report.curve import draw_curve
from zslbench.report.headline import choose_tiles, state_facts, sum_up
from zslbench.report.histogram import draw_histogram
from zslbench.report.numbers import percent
from zslbench.report.palette import DARK, LIGHT, declare
from zslbench.report.plane import draw_plane
from zslbench.report.tables import (
    tabulate_data,
    tabulate_parts,
    tabulate_scores,
    tabulate_stages,
    tabulate_words,
)
from zslbench.wordspace import FILE_NAME, read_wordspace

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.report.drawing import Drawing
    from zslbench.score import Scores
    from zslbench.wordspace import WordSpace


def write_report(run_folder: Path, target: Path) -> Path:
    """Write the report of the run in ``run_folder`` into ``target``; return the page's path.

    The page, ``METHOD-DATASET-ID.html``, needs no other file and no network. Beside it, in
    ``figures/``, lie each figure as SVG and PNG and its numbers as CSV. Files are written whole or
    not at all, the page last; the same run gives the same bytes. Raises InputError for a run that
    failed, DataError for a damaged or absent record, EnvironmentFailure where nothing can be
    written.
    """
    record = read_record(run_folder / "record.json")
    scores = _require_scores(record)
    drawings, missing = draw_figures(record, scores, read_wordspace(run_folder / FILE_NAME))
    name = name_report(record)
    page = target / f"{name}.html"
    with refusals_named(target, "--report"):
        for drawing in drawings:
            write_figure(target / "figures" / f"{name}-{drawing.name}", drawing)
        write_text(page, render_page(record, scores, drawings, missing))
    return page


def name_report(record: Record) -> str:
    """The stem of a run's files, fit for any file system: ``socher2013-cifar10-0a1b2c3d``."""
    words = (record.method.name, record.dataset.component.name, record.run_id[:8])
    return "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") or "x" for word in words)


def draw_figures(
    record: Record, scores: Scores, space: WordSpace | None
) -> tuple[list[Drawing], list[str]]:
    """Draw what the run has; the second list says, a sentence each, why a figure is missing."""
    drawings, missing = [draw_curve(scores)], []
    if scores.novelty is None:
        missing.append("No histogram of novelty: this method has no novelty of its own.")
    elif scores.novelty.histogram is None:
        missing.append("No histogram of novelty: this record is from before it was kept.")
    else:
        drawings.append(draw_histogram(scores.novelty, scores.novelty.histogram, record.cut))
    drawings.append(draw_confusion(scores))
    if space is None:
        missing.append(
            "No picture of the word space: this method maps no image into a space of class "
            "vectors, or the run kept none."
        )
    else:
        drawings.append(draw_plane(space))
    return drawings, missing


def render_page(record: Record, scores: Scores, drawings: list[Drawing], missing: list[str]) -> str:
    """Return the whole page as HTML text."""
    environment = Environment(
        loader=PackageLoader("zslbench.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment.get_template("page.html.j2").render(
        record=record,
        scores=scores,
        name=name_report(record),
        light=declare(LIGHT),
        dark=declare(DARK),
        summary=sum_up(record),
        tiles=choose_tiles(scores),
        facts=state_facts(record),
        figures=[embed(drawing) for drawing in drawings],
        missing=missing,
        score_groups=tabulate_scores(scores),
        words=tabulate_words(record),
        parts=tabulate_parts(record),
        data=tabulate_data(record),
        stages=tabulate_stages(record),
        command=replay_command(record),
    )


def _require_scores(record: Record) -> Scores:
    if record.error is not None:
        raise InputError(
            f"run {record.run_id[:16]} failed ({record.error.kind}: {record.error.message}): a "
            "report is of a finished run; mend the cause and run it again"
        )
    if record.scores is None:
        raise InputError(
            f"run {record.run_id[:16]} is {record.status} without scores: a report is of a "
            "finished run; run it again with --force"
        )
    if record.external:
        raise InputError(
            f"record {record.run_id[:16]} is of predictions made elsewhere: a report is of a run, "
            "whose parts zslbench knows; see its scores with 'zslbench leaderboard show'"
        )
    return record.scores


def write_figure(stem: Path, drawing: Drawing) -> None:
    """Write ``drawing`` as SVG, CSV and PNG beside each other, whole or not at all."""
    write_text(stem.with_name(f"{stem.name}.svg"), drawing.svg())
    write_text(stem.with_name(f"{stem.name}.csv"), drawing.csv())
    with replacing(stem.with_name(f"{stem.name}.png")) as temporary:
        drawing.save_png(temporary)


def embed(drawing: Drawing) -> dict[str, Any]:
    """What a page's template shows of ``drawing``: its words, its SVG, its numbers as a link."""
    data = base64.b64encode(drawing.csv().encode()).decode()
    return {
        "name": drawing.name,
        "title": drawing.title,
        "explanation": drawing.explanation,
        "reading": drawing.reading,
        "width": drawing.width,
        # Drawn by this package; class names in it were escaped when it was written as XML.
        "svg": Markup(drawing.inline()),
        "csv": f"data:text/csv;base64,{data}",
    }
