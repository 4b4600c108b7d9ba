"""Class vectors from a table of attributes: what a person knows of each class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zslbench.contracts import WordVectors
from zslbench.errors import DataError
from zslbench_plugins.embeddings.class_tables import read_attributes

if TYPE_CHECKING:
    from zslbench.contracts import Context, Metric, Places


class AttributesEmbedder:
    """The attributes of each class from the CSV ``member`` (Lampert et al., CVPR 2009).

    The first cell tells the orientation: ``attribute`` (a row an attribute, a column a class) or
    ``class`` (a row a class, a column an attribute). A class is the whole of its name: it is never
    put together from the attributes of others.
    """

    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, member: str, metric: Metric = "euclidean") -> None:
        self.member = member
        self.metric: Metric = metric

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the table; DataError where it is absent."""
        path = Path(self.member).expanduser()
        if not path.is_file():
            raise DataError(f"no file {path}: check the path of the attributes")
        return (path,)

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the attributes (k,) of those of ``words`` that are classes of the table.

        Raises DataError where the table is damaged, naming the line, and for a phrase that it
        lacks: only a class is asked for by a phrase, and its words may be other classes.
        """
        (path,) = self.sources(places)
        table = read_attributes(path)
        lacking = [word for word in words if " " in word and word not in table]
        if lacking:
            raise DataError(
                f"{path} has no attributes for class {', '.join(map(repr, lacking))}; it has "
                f"{len(table)} classes, from {next(iter(table))!r} on: add each class that is "
                "lacking, or choose another --embedding"
            )
        return WordVectors({word: table[word] for word in words if word in table})
