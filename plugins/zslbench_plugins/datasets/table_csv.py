"""``csv/PATH``: a table of image files, their labels and parts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from os.path import normpath
from pathlib import Path
from typing import ClassVar, cast

from zslbench.errors import DataError
from zslbench_plugins.datasets.image_files import ImageFile, Part
from zslbench_plugins.datasets.own_images import Listing, OwnImages, read_unseen

COLUMNS = ("path", "label", "split")
PARTS = ("train", "test")


class ImageTable(OwnImages):
    """Images that the csv ``member`` names: columns path, label, split ("train" or "test").

    Paths are relative to the csv. Without a column ``split`` each class is divided 80/20 by
    content. ``zslbench.toml`` beside the csv may name the unseen classes.
    """

    layouts: ClassVar[tuple[str, ...]] = ("PATH.csv with columns path, label, split",)

    def read_listing(self) -> Listing:
        """List the rows in their order.

        Raises DataError, naming the line, for a file or row that is not as described.
        """
        path = Path(self.member).expanduser()
        if not path.is_file():
            raise DataError(f"no file {path}: check the path after 'csv/'")
        try:
            files = tuple(_rows(path))
        except (OSError, csv.Error, UnicodeDecodeError) as error:
            raise DataError(
                f"{path} cannot be read ({error}): save it as comma-separated UTF-8"
            ) from error
        if not files:
            raise DataError(f"{path} has no rows: expected columns {', '.join(COLUMNS)}")
        return Listing(path.parent, files, read_unseen((path.parent,)), others=(path,))


def _rows(path: Path) -> Iterator[ImageFile]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, strict=True, restkey="more", restval="")
        names = [name.strip().lower() for name in table.fieldnames or ()]
        for name in ("path", "label"):
            if name not in names:
                raise DataError(
                    f"{path} has the columns {', '.join(names) or 'of an empty file'}; expected "
                    f"{', '.join(COLUMNS)}: add {name!r}"
                )
        table.fieldnames = names
        lines: dict[str, int] = {}
        for row in table:
            found = _row(row, path, table.line_num, "split" in names)
            first = lines.setdefault(normpath(found.where), table.line_num)
            if first != table.line_num:
                raise DataError(
                    f"{path}, line {table.line_num}: {found.path.name} stands in line {first} "
                    "already: name each image once, with one label and in one split"
                )
            yield found


def _row(row: dict[str, str], path: Path, line: int, has_split: bool) -> ImageFile:
    name, label = row["path"].strip(), row["label"].strip()
    part = row["split"].strip().lower() if has_split else None
    if "more" in row:
        raise DataError(f"{path}, line {line}: too many cells; put cells with commas in quotes")
    if not name or not label:
        raise DataError(f"{path}, line {line}: an empty {'label' if name else 'path'}; fill it in")
    if part is not None and part not in PARTS:
        raise DataError(
            f"{path}, line {line}: split is {part!r}; it must be 'train' or 'test', or leave the "
            "column out to have each class divided 80/20"
        )
    return ImageFile(str(path.parent / name), name, label, cast("Part | None", part))
