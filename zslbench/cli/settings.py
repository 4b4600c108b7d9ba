"""Options that are lists written as text: ``--set`` and ``--unseen``."""

from __future__ import annotations

from collections.abc import Iterable

from zslbench.errors import InputError


def parse_settings(settings: Iterable[str]) -> dict[str, list[str]]:
    """Return ``--set`` options as ``slot.param`` → values: several of one name are an axis."""
    chosen: dict[str, list[str]] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or "." not in key:
            raise InputError(f"--set {text!r} cannot be read: write SLOT.PARAM=VALUE")
        chosen.setdefault(key.strip(), []).append(value)
    return chosen


def parse_params(settings: Iterable[str]) -> dict[str, str]:
    """Return ``--set`` options as ``slot.param`` → value, for what takes one value of each."""
    chosen = parse_settings(settings)
    for key, values in chosen.items():
        if len(values) > 1:
            raise InputError(f"--set {key}={values[1]!r} sets it again: give each parameter once")
    return {key: value for key, (value,) in chosen.items()}


def parse_names(texts: Iterable[str]) -> list[str]:
    """Return the class names of ``--unseen A,B`` options, in order."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]
