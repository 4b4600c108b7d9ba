"""The members of a family: a table that its plugin ships, read when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zslbench.errors import PluginError
from zslbench.plugin_checks import check_params
from zslbench.specs import Param

if TYPE_CHECKING:
    from zslbench.specs import ComponentSpec


def members(spec: ComponentSpec) -> Mapping[str, Mapping[str, Any]]:
    """Return the family's table: member → summary, reference, extra, params. Empty without one.

    Raises PluginError where the table cannot be read.
    """
    return _table(spec.members) if spec.members else MappingProxyType({})


def specialised(spec: ComponentSpec, member: str) -> ComponentSpec:
    """Return ``spec`` as it is for ``member``: its summary, reference, extra, parameters."""
    entry = members(spec).get(member)
    if entry is None:
        return spec
    what = f"{spec.kind} {spec.name[:-1] + member!r}"
    try:
        own = tuple(Param(**_tupled(fields)) for fields in entry.get("params", ()))
    except TypeError as error:
        raise PluginError(f"{what}: its table {spec.members!r} is malformed: {error}") from error
    params = spec.params + own
    check_params(params, what)
    return replace(
        spec,
        params=params,
        summary=entry.get("summary", spec.summary),
        reference=entry.get("reference", spec.reference),
        extra=entry.get("extra", spec.extra),
    )


def refusals(spec: ComponentSpec) -> Mapping[str, str]:
    """What a family refuses, and why: from ``x_refused.json`` beside its ``x.json``, if there."""
    package, _, name = (spec.members or "").partition(":")
    file = files(package).joinpath(name.removesuffix(".json") + "_refused.json") if name else None
    if file is None or not file.is_file():
        return MappingProxyType({})
    reasons: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType(reasons)


@lru_cache(maxsize=32)
def _table(resource: str) -> Mapping[str, Mapping[str, Any]]:
    package, _, name = resource.partition(":")
    try:
        table = json.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    except (ImportError, OSError, ValueError) as error:
        raise PluginError(
            f"the table of members {resource!r} cannot be read ({type(error).__name__}: {error}): "
            "install its plugin again"
        ) from error
    if not isinstance(table, dict) or not all(isinstance(e, dict) for e in table.values()):
        raise PluginError(f"the table of members {resource!r} must map names to objects")
    return MappingProxyType(table)


def _tupled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples, and a Param's choices and list defaults are tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
