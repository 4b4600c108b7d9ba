"""``zslbench list``: what there is, or how the plugins fared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import click

from zslbench.cli.output import heading, plain_table, say, tell, warn
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.errors import InputError
from zslbench.members import members
from zslbench.params import suggest
from zslbench.specs import KINDS, Kind

if TYPE_CHECKING:
    from zslbench.registered import Registered


@click.command("list")
@click.argument("kind", required=False)
@click.argument("family", required=False)
@click.option("--plugins", is_flag=True, help="List the plugins, with the reason of each failure.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@plugin_option
@pass_session
def list_components(
    session: Session, kind: str | None, family: str | None, plugins: bool, as_json: bool
) -> None:
    """List components: all of them, those of one KIND, or the members of one FAMILY.

    KIND is dataset, backbone, embedding, mapping, novelty, gate, classifier or method. FAMILY is
    the part of a name before "/*".
    """
    if plugins:
        if kind is not None:
            raise InputError(f"--plugins lists all plugins: leave out {kind!r}")
        _list_plugins(session, as_json=as_json)
    elif kind and family:
        _list_members(session, check_kind(kind), family, as_json=as_json)
    else:
        _list_kinds(session, (check_kind(kind),) if kind else KINDS, as_json=as_json)
        for report in session.registry.plugins:
            if report.reason:
                warn(f"plugin {report.name!r} is not loaded: {report.reason}")
    for conflict in session.registry.conflicts():
        warn(conflict)


def check_kind(kind: str) -> Kind:
    """Return ``kind`` if it is one; raise InputError with the nearest kinds."""
    for known in get_args(Kind):
        if kind == known:
            return known  # type: ignore[no-any-return]
    near = suggest(kind, KINDS) or ";"
    raise InputError(f"unknown kind {kind!r}{near} kinds: {', '.join(KINDS)}")


def _list_kinds(session: Session, kinds: tuple[Kind, ...], *, as_json: bool) -> None:
    found = {kind: session.registry.components(kind) for kind in kinds}
    if as_json:
        say(_dump([_as_data(item) for items in found.values() for item in items]))
        return
    for kind, items in found.items():
        rows = [(f"  {i.spec.name}", _summary(i), i.distribution) for i in items]
        table = plain_table(("  name", "summary", "from"), rows)
        say(heading(kind), table if rows else "  none", "")
    tell("one of them in full: zslbench show KIND NAME")


def _summary(item: Registered) -> str:
    count = len(members(item.spec))
    return f"{item.spec.summary} ({count} members)" if count else item.spec.summary


def _list_members(session: Session, kind: Kind, family: str, *, as_json: bool) -> None:
    name = family.removesuffix("*").removesuffix("/") + "/*"
    tables = [members(i.spec) for i in session.registry.components(kind) if i.spec.name == name]
    if not tables or not tables[0]:
        known = [i.spec.name for i in session.registry.components(kind) if members(i.spec)]
        raise InputError(
            f"{kind} has no family {family!r} with a table of members{suggest(name, known) or ';'} "
            f"it has {', '.join(known) or 'none'}"
        )
    rows = [(f"  {name[:-1]}{m}", e.get("summary", "")) for m, e in tables[0].items()]
    if as_json:
        say(_dump([{"name": n.strip(), "summary": summary} for n, summary in rows]))
        return
    say(heading(f"{kind} {name}"), plain_table(("  name", "summary"), rows), "")
    tell(f"one of them in full: zslbench show {kind} {name[:-1]}NAME")


def _list_plugins(session: Session, *, as_json: bool) -> None:
    reports = session.registry.plugins
    if as_json:
        say(_dump([{**vars(report), "loaded": report.reason is None} for report in reports]))
        return
    rows = [
        (r.name, f"{r.distribution} {r.version}", "loaded" if r.reason is None else "FAILED")
        for r in reports
    ]
    say(plain_table(("plugin", "from", "status"), rows))
    for report in reports:
        if report.reason is not None:
            say(f"{report.name}: {report.reason}")


def _as_data(item: Registered) -> dict[str, Any]:
    spec = item.spec
    return {
        "kind": spec.kind,
        "name": spec.name,
        "summary": spec.summary,
        "reference": spec.reference,
        "version": spec.version,
        "distribution": item.distribution,
        "distribution_version": item.version,
        "plugin": item.plugin,
    }


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
