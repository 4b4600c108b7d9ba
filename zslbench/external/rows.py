"""Which row of a file is which test image: each exactly once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Int, UInt8
    from zslbench.external.files import Columns

FEW = 3  # examples in an error message
HEX = re.compile(r"[0-9a-fA-F]{64}")


def match_rows(name: str, columns: Columns, ids: UInt8) -> Int:
    """Return the row (n,) of file ``name`` for each test image, in canonical order.

    ``ids`` (n, 32) are the test images' ids in that order. Raises InputError unless each image has
    exactly one row; the message counts the missing, double and unknown ones and names some.
    """
    given = [key for key in ("id", "position") if key in columns]
    if len(given) != 1:
        problem = "both 'id' and 'position'" if given else "neither 'id' nor 'position'"
        raise InputError(
            f"predictions {name!r} have {problem}; one of them says which test image a row is: "
            "position 0, 1, … in canonical order, or the image's sha256"
        )
    if given == ["position"]:
        return _match_positions(name, read_whole(name, "position", columns["position"]), len(ids))
    return _match_ids(name, columns["id"], ids)


def read_whole(name: str, column: str, values: NDArray[Any]) -> Int:
    """Return integers (n,), from integers or text; raise InputError for anything else."""
    if values.dtype.kind == "U":
        bad = [
            text for text in values.tolist() if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text)
        ]
        if not bad:
            return np.array([int(text) for text in values.tolist()], dtype=np.int64)
    elif values.dtype.kind in "iu":
        return values.astype(np.int64)
    else:
        bad = values.tolist()
    raise InputError(
        f"predictions {name!r}: column {column!r} must hold integers, got {_some(bad)}"
    )


def list_few(items: Sequence[Any]) -> str:
    """``5 (3, 8, 9, …)``: how many, and the first few."""
    return f"{len(items)} ({_some(items)})"


def _some(items: Sequence[Any]) -> str:
    return ", ".join(map(str, items[:FEW])) + (", …" if len(items) > FEW else "")


def _match_positions(name: str, positions: Int, n: int) -> Int:
    inside = (positions >= 0) & (positions < n)
    counts = np.bincount(positions[inside], minlength=n)
    missing, double = np.flatnonzero(counts == 0), np.flatnonzero(counts > 1)
    problems = {"missing": missing, "too often": double, "unknown": positions[~inside]}
    _refuse(name, n, "positions", {problem: rows.tolist() for problem, rows in problems.items()})
    return np.argsort(positions, kind="stable").astype(np.int64)


def _match_ids(name: str, values: NDArray[Any], ids: UInt8) -> Int:
    texts = [str(text).strip().lower() for text in values.tolist()]
    bad = [text for text in texts if not HEX.fullmatch(text)]
    if bad:
        raise InputError(
            f"predictions {name!r}: column 'id' holds {list_few([text[:70] for text in bad])} that "
            "are no 64 hex digits: write the sha256 of each image's decoded uint8 RGB pixels"
        )
    rows: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        rows[text].append(row)
    wanted: dict[str, list[int]] = defaultdict(list)  # id → positions of the images that have it
    for position, digest in enumerate(ids):
        wanted[bytes(digest).hex()].append(position)
    missing = [text for text, places in wanted.items() if len(rows.get(text, ())) < len(places)]
    double = [t for t, found in rows.items() if t in wanted and len(found) > len(wanted[t])]
    unknown = [text for text in rows if text not in wanted]
    problems = {"missing": missing, "too often": double, "unknown": unknown}
    short = {problem: [f"{t[:16]}…" for t in texts] for problem, texts in problems.items()}
    _refuse(name, len(ids), "ids", short)
    matched = np.empty(len(ids), dtype=np.int64)
    for text, places in wanted.items():
        matched[places] = rows[text]
    return matched


def _refuse(name: str, n: int, what: str, problems: Mapping[str, Sequence[Any]]) -> None:
    found = [f"{problem}: {list_few(items)}" for problem, items in problems.items() if items]
    if found:
        raise InputError(
            f"predictions {name!r}: each of the {n} test images must have exactly one row; "
            f"{what} {'; '.join(found)}: mend these rows, or check that data set and file belong "
            "together"
        )
