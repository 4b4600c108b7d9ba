"""What the command line prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

UNBROKEN = 10_000  # columns where no terminal says otherwise: a pipe's lines are not wrapped


def say(*parts: RenderableType) -> None:
    """Print results on stdout."""
    _print(sys.stdout, parts)


def tell(*parts: RenderableType) -> None:
    """Print what is not a result (plans, progress, warnings) on stderr."""
    _print(sys.stderr, parts)


def warn(message: str) -> None:
    """Print one warning on stderr."""
    tell(f"warning: {message}")


def plain_table(headings: Sequence[str], rows: Iterable[Sequence[Any]], right: str = "") -> Table:
    """A table without lines; ``right`` has a letter a column, ``r`` for one that is set right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, heading in enumerate(headings):
        to_right = right[index : index + 1] == "r"
        table.add_column(Text(heading), justify="right" if to_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return table


def fields(rows: Iterable[tuple[str, Any]]) -> Table:
    """Names and values side by side; rows whose value is None or empty are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value is not None and value != "":
            table.add_row(Text(name), Text(str(value)))
    return table


def heading(text: str) -> RenderableType:
    """A line in bold."""
    from rich.text import Text

    return Text(text, style="bold")


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """End quietly where the reader of a pipe left (``zslbench list | head``)."""
    try:
        yield
    except BrokenPipeError as error:
        _discard(sys.stdout)
        raise click.exceptions.Exit(0) from error


def _print(stream: IO[str], parts: Iterable[RenderableType]) -> None:
    try:
        click.echo(_render(parts, terminal=stream.isatty()), file=stream, nl=False)
    except BrokenPipeError:
        # A run goes on: its record matters more than the reader who left.
        _discard(stream)


def _render(parts: Iterable[RenderableType], *, terminal: bool) -> str:
    items = list(parts)
    if not terminal and all(isinstance(item, str) for item in items):
        return "".join(f"{item}\n" for item in items)
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=terminal,
        width=None if terminal or os.environ.get("COLUMNS") else UNBROKEN,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for item in items:
        console.print(item, soft_wrap=isinstance(item, str))
    lines = text.getvalue().split("\n")
    return "\n".join(line if terminal else line.rstrip() for line in lines)


def _discard(stream: IO[str]) -> None:
    """Send what is still to come to nowhere, so that not even the interpreter's end complains."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), stream.fileno())
