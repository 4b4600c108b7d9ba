"""Declared parameters: values from the command line or from Python, checked against a Param."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from zslbench.errors import InputError
from zslbench.specs import Param, ParamType

Layer = tuple[str, Mapping[str, Any]]  # (origin, parameter → value); later layers win
FEW = 10  # names that an error message still lists


@dataclass(frozen=True)
class ResolvedParams:
    """Every parameter of a component with its value, and where each value came from."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]


def resolve(owner: str, params: tuple[Param, ...], layers: Iterable[Layer]) -> ResolvedParams:
    """Lay ``layers`` over the declared defaults; ``owner`` names the component in errors.

    Raises InputError for an unknown parameter, an ill-typed value, or one out of bounds.
    """
    declared = {p.name: p for p in params}
    values: dict[str, Any] = {p.name: p.default for p in params}
    origins = dict.fromkeys(values, "default")
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in declared:
                raise InputError(_unknown(owner, name, tuple(declared)))
            values[name] = parse(owner, declared[name], value)
            origins[name] = origin
    return ResolvedParams(values, origins)


def parse(owner: str, param: Param, value: Any) -> Any:
    """Return ``value`` (a string, or typed already) as ``param`` declares it; raise InputError."""
    if value is None or (param.optional and value == "none"):
        if param.optional:
            return None
        raise InputError(_complaint(owner, param, value, describe(param)))
    try:
        typed = _convert(param.type, value)
    except (TypeError, ValueError):
        raise InputError(_complaint(owner, param, value, describe(param))) from None
    for item in typed if isinstance(typed, tuple) else (typed,):
        if not _within(param, item):
            raise InputError(_complaint(owner, param, value, describe(param)))
    return typed


def describe(param: Param) -> str:
    """Say in words what ``param`` allows: ``int ≥ 1``, ``one of a, b``."""
    if param.choices:
        names = ", ".join(param.choices)
        if param.type == "path":
            return f"path or {names}" + (" or none" if param.optional else "")
        return "one of " + names
    kinds = {
        "floats": "floats, comma-separated",
        "strs": "words, comma-separated",
        "components": "names of components, comma-separated",
    }
    words = kinds.get(param.type, param.type)
    if param.minimum is not None:
        words += f" {'>' if param.exclusive_minimum else '≥'} {param.minimum:g}"
    if param.maximum is not None:
        words += f"{' and' if param.minimum is not None else ''} ≤ {param.maximum:g}"
    return words + (" or none" if param.optional else "")


def written(value: Any) -> str:
    """Write a parameter's value as ``--set`` would take it."""
    if isinstance(value, (tuple, list)):
        return ",".join(map(written, value))
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``: did you mean 'x'?`` or nothing."""
    plain = {item.lower(): item for item in known}
    near = [plain[item] for item in get_close_matches(name.lower(), plain, n=3, cutoff=0.5)]
    return f": did you mean {' or '.join(map(repr, near))}?" if near else ""


def suggest_or_list(name: str, known: Sequence[str]) -> str:
    """Return :func:`suggest`'s words, or where nothing is near all names if they are few."""
    listed = f"; known: {', '.join(known)};" if 0 < len(known) <= FEW else ";"
    return suggest(name, known) or listed


def _convert(kind: ParamType, value: Any) -> Any:
    if kind in ("floats", "strs", "components"):
        items = value.split(",") if isinstance(value, str) else value
        return tuple(_convert("float" if kind == "floats" else "str", item) for item in items)
    if kind == "bool":
        words = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise ValueError
    if isinstance(value, bool):
        raise TypeError
    if kind == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError
        return int(value)
    if kind == "float":
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
        return number
    return str(value)


def _within(param: Param, value: Any) -> bool:
    if param.choices and param.type != "path" and value not in param.choices:
        return False
    if isinstance(value, str):
        return bool(value)
    if param.minimum is not None and (
        value < param.minimum or (param.exclusive_minimum and value == param.minimum)
    ):
        return False
    return param.maximum is None or value <= param.maximum


def _complaint(owner: str, param: Param, value: Any, allowed: str) -> str:
    return f"parameter {param.name!r} of {owner} must be {allowed}, got {value!r}"


def _unknown(owner: str, name: str, known: tuple[str, ...]) -> str:
    has = "it has " + ", ".join(known) if known else "it has no parameters"
    return f"{owner} has no parameter {name!r}{suggest(name, known) or ';'} {has}"


def split_layers(layers: Iterable[Layer]) -> tuple[list[Layer], dict[int, list[Layer]]]:
    """Divide settings into a component's own and, by place, those of what it is made of."""
    own: list[Layer] = []
    parts: dict[int, list[Layer]] = {}
    for origin, values in layers:
        mine: dict[str, Any] = {}
        theirs: dict[int, dict[str, Any]] = {}
        for name, value in values.items():
            place, dot, rest = name.partition(".")
            if dot and place.isdecimal():
                theirs.setdefault(int(place), {})[rest] = value
            else:
                mine[name] = value
        own.append((origin, mine))
        for place_, chosen in theirs.items():
            parts.setdefault(place_, []).append((origin, chosen))
    return own, parts


def check_places(owner: str, parts: Mapping[int, object], count: int) -> None:
    """Raise InputError for settings of a part that ``owner``, made of ``count``, does not have."""
    beyond = [place for place in parts if place >= count]
    if beyond:
        has = f"parts 0 to {count - 1}" if count else "no parts"
        raise InputError(
            f"cannot set a parameter of part {beyond[0]} of {owner}: it has {has}; write "
            "SLOT.PARAMETER, or SLOT.PLACE.PARAMETER for a component that is made of others"
        )
