"""A figure of a report: drawn once, then kept as SVG, PNG, CSV and as a part of the page."""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from zslbench.report.palette import LIGHT, follow_theme

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

WIDTH = 5.2  # inches, at 72 points each: text stays readable when a phone shrinks it to 350 pixels
DOTS_PER_INCH = 200  # of the PNG
LONGEST = 22  # letters of a class name in a figure

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: searchable, and in the page's own font
    "svg.hashsalt": "zslbench",  # the same figure gives the same bytes
    "text.parse_math": False,  # a class may be called $x$
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 11,
    "axes.unicode_minus": True,
    "axes.edgecolor": LIGHT["line"],
    "axes.labelcolor": LIGHT["muted"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["line"],
    "ytick.color": LIGHT["line"],
    "xtick.labelcolor": LIGHT["muted"],
    "ytick.labelcolor": LIGHT["muted"],
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "legend.handlelength": 1.6,
}


@dataclass(frozen=True)
class Drawing:
    """One figure with its words and its numbers."""

    name: str  # of its files
    title: str
    explanation: str  # a sentence for a reader who does not know the field
    reading: str  # what the marks are
    alt: str  # what one would say to somebody who cannot see it
    figure: Figure
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]  # the numbers as they are in the record

    def csv(self) -> str:
        """The numbers, every digit of them."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows([self.header, *self.rows])
        return buffer.getvalue()

    def svg(self) -> str:
        """A file of its own: light, on white."""
        buffer = io.StringIO()
        with _styled():
            self.figure.savefig(
                buffer,
                format="svg",
                facecolor=LIGHT["paper"],
                metadata={"Date": None, "Creator": None, "Title": self.title},
            )
        return buffer.getvalue()

    def save_png(self, path: Path) -> None:
        """Write the PNG to ``path``: light, on white."""
        with _styled():
            self.figure.savefig(
                path,
                format="png",
                dpi=DOTS_PER_INCH,
                facecolor=LIGHT["paper"],
                metadata={"Software": None},
            )

    def inline(self) -> str:
        """An ``<svg>`` element for the page: no background, colours from the page, own ids."""
        buffer = io.StringIO()
        with _styled():
            self.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        svg = buffer.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
        svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{self.name}-", svg)
        alone = f'<svg role="img" aria-label="{html.escape(self.alt)}"'
        return alone + follow_theme(svg).removeprefix("<svg")

    @property
    def width(self) -> int:
        """Its natural width on a page, in CSS pixels."""
        return round(float(self.figure.get_figwidth()) * 72)


def begin_figure(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of ``width`` × ``height`` inches with one pair of axes; call inside ``drawing``."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the report's style, whatever the process's own settings are."""
    with _styled():
        yield


def show_name(name: str) -> str:
    """A class name as a figure shows it: no control characters, not too long."""
    plain = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in name)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1].rstrip() + "…"


def put_legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """One legend under the axes, where it cannot hide a point."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=10)


def as_percent(values: Sequence[float]) -> list[float]:
    """Fractions as percent, for an axis."""
    return [100 * value for value in values]


@contextmanager
def _styled() -> Iterator[None]:
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        # Measured in a font that lacks the letter, shown in the reader's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
