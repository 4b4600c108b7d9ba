"""Write the tables of members: ``python -m zslbench_plugins.sklearn_family.table``.

Names, types and defaults come from the signatures of the installed scikit-learn, the rest from
``catalogue``; the same versions give the same bytes.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from zslbench_plugins.sklearn_family.catalogue import MEMBERS, THEIRS, Kind, Member, Own
from zslbench_plugins.sklearn_family.estimator import estimator_class

FOLDER = Path(__file__).parent


def text(kind: Kind) -> str:
    """Return the JSON table of ``kind``: member → summary, reference, params."""
    table = {name: _entry(name, member) for name, member in sorted(MEMBERS[kind].items())}
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def _entry(name: str, member: Member) -> dict[str, Any]:
    signature = inspect.signature(estimator_class(member, name)).parameters
    return {
        "summary": member.summary,
        "reference": member.reference,
        "params": [_param(own, signature[own.name].default) for own in member.params],
    }


def _param(own: Own, theirs: Any) -> dict[str, Any]:
    default = theirs if own.default is THEIRS else own.default
    if own.none is not None and default == own.none:
        default = None
    kind = own.type or type(default).__name__
    if kind == "floats":
        default = [float(item) for item in default]
    fields = {"name": own.name, "type": kind, "default": default, "help": own.help}
    optional = own.optional or own.none is not None
    more = {
        "minimum": own.minimum,
        "maximum": own.maximum,
        "exclusive_minimum": own.exclusive_minimum or None,
        "choices": None if own.choices is None else list(own.choices),
        "optional": optional or None,
    }
    return fields | {key: value for key, value in more.items() if value is not None}


def main() -> None:
    """Write all tables beside this module."""
    for kind in MEMBERS:
        (FOLDER / f"{kind}.json").write_text(text(kind), encoding="utf-8")


if __name__ == "__main__":
    main()
