"""The page of a reproduction: one file that needs no other, its figures beside it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from zslbench.disk import refusals_named, write_text
from zslbench.report.numbers import percent
from zslbench.report.page import embed, write_figure
from zslbench.report.palette import DARK, LIGHT, declare

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench_plugins.reproduce.experiment import Experiment, Finding, Part


@dataclass(frozen=True)
class Section:
    """An experiment with what came of it; ``reasons`` says why rows of it are lacking."""

    experiment: Experiment
    part: Part | None
    reasons: tuple[str, ...] = ()
    command: str = ""  # that makes this part of the page again


def write_page(
    sections: list[Section], facts: list[tuple[str, str]], warning: str, folder: Path
) -> Path:
    """Write ``reproduction.html`` and ``figures/`` into ``folder``; return the page's path.

    Files are written whole or not at all, the page last; the same rows give the same bytes.
    """
    page = folder / "reproduction.html"
    with refusals_named(folder, "--out"):
        for section in sections:
            for drawing in section.part.drawings if section.part else ():
                write_figure(folder / "figures" / drawing.name, drawing)
        write_text(page, render(sections, facts, warning))
    return page


def render(sections: list[Section], facts: list[tuple[str, str]], warning: str) -> str:
    """Return the page as HTML text."""
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("zslbench_plugins.reproduce", "template"),
                PackageLoader("zslbench.report", "template"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["measured"] = measured
    environment.filters["spread"] = spread
    environment.filters["signed"] = signed
    environment.filters["points"] = points
    return environment.get_template("reproduction.html.j2").render(
        sections=[_shown(section) for section in sections],
        summary=[(s.experiment, f) for s in sections if s.part for f in _headline(s.part)],
        facts=facts,
        warning=warning,
        light=declare(LIGHT),
        dark=declare(DARK),
    )


def measured(finding: Finding) -> str:
    """``82.8 ± 0.4 %``."""
    return "–" if finding.value is None else percent(finding.value, finding.se)


def spread(finding: Finding) -> str:
    """``seeds: ± 0.2, n = 3``; empty for one run."""
    if finding.value is None or finding.spread is None:
        return ""
    return f"{finding.over}: ± {100 * finding.spread:.1f}, n = {finding.runs}"


def signed(difference: float | None) -> str:
    """``+0.3`` points; empty for None."""
    return "" if difference is None else f"{100 * difference:+.1f}".replace("-", "−")


def points(difference: float) -> str:
    """``0.3`` points, a whole share being 100."""
    return f"{100 * difference:.1f}"


def _headline(part: Part) -> list[Finding]:
    """The findings that were published, or that have a goal."""
    return [f for f in part.findings if f.published is not None or f.goal is not None]


def _shown(section: Section) -> dict[str, Any]:
    part = section.part
    return {
        "experiment": section.experiment,
        "words": part.words if part else (),
        "findings": part.findings if part else (),
        "command": section.command,
        "figures": [embed(drawing) for drawing in part.drawings] if part else [],
        "reasons": section.reasons,
    }
