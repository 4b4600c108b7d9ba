"""``zslbench show``: one component in full, without importing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from zslbench.cli.list import check_kind
from zslbench.cli.output import fields, heading, plain_table, say
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.members import members, refusals
from zslbench.params import describe, written
from zslbench.specs import DATASET_DEFAULT, SLOTS

if TYPE_CHECKING:
    from zslbench.registered import Registered
    from zslbench.specs import ComponentSpec, Kind, Recipe


@click.command()
@click.argument("kind")
@click.argument("name")
@plugin_option
@pass_session
def show(session: Session, kind: str, name: str) -> None:
    """Show the component NAME of KIND: what it is, whose, and its parameters."""
    item = _find(session, check_kind(kind), name)
    spec = item.spec
    shown = name if spec.members else spec.name
    say(heading(f"{spec.kind} {shown}"), fields(_facts(item, name)))
    if spec.recipe is not None:
        _show_recipe(spec.recipe)
    if spec.params:
        _show_params(spec)
    elif spec.recipe is None:
        say("", "It has no parameters.")
    if name.endswith("/*") and (refused := refusals(spec)):
        rows = [(f"  {member}", why) for member, why in refused.items()]
        say("", heading("refused"), plain_table(("  member", "why"), rows))


def _find(session: Session, kind: Kind, name: str) -> Registered:
    named = [item for item in session.registry.components(kind) if item.spec.name == name]
    if len(named) == 1:  # a family by its own name, "file/*", too
        return named[0]
    return session.registry.find(kind, name)[0]


def _facts(item: Registered, name: str) -> list[tuple[str, Any]]:
    spec = item.spec
    star = spec.star or ("a path" if spec.member_is_path else "a name")
    family = f"write {star} in place of *"
    if spec.members:
        family = f"of {len(members(spec))} members: zslbench list {spec.kind} {spec.name[:-2]}"
    return [
        ("summary", spec.summary),
        ("reference", spec.reference),
        ("family", family if spec.is_family else None),
        ("from", f"{item.distribution} {item.version} (plugin {item.plugin})"),
        ("version", spec.version),
        ("class", spec.target),
        ("needs", f"pip install '{item.distribution}[{spec.extra}]'" if spec.extra else None),
        ("use", _use(spec, name)),
    ]


def _use(spec: ComponentSpec, asked: str) -> str:
    flags = [slot for slot, kind in SLOTS.items() if kind == spec.kind] or [spec.kind]
    name = spec.name.replace("*", "PATH" if spec.member_is_path else "NAME")
    if spec.members and not asked.endswith("*"):
        name = asked
    return " or ".join(f"--{flag.replace('_', '-')} {name}" for flag in flags)


def _show_recipe(recipe: Recipe) -> None:
    rows = []
    for slot, name in recipe.slots.items():
        chosen = [
            f"{key.partition('.')[2]} = {written(value)}"
            for key, value in recipe.params.items()
            if key.partition(".")[0] == slot
        ]
        shown = "the data set's own default" if name == DATASET_DEFAULT else name
        rows.append((f"  {slot}", shown, ", ".join(chosen)))
    say("", heading("recipe"), plain_table(("  slot", "component", "parameters it sets"), rows))
    say("Replace any of them by its flag, as in --mapping NAME; see 'zslbench list'.")


def _show_params(spec: ComponentSpec) -> None:
    rows = [(f"  {p.name}", describe(p), written(p.default), p.help) for p in spec.params]
    say("", heading("parameters"), plain_table(("  name", "allowed", "default", "meaning"), rows))
    slots = [slot for slot, kind in SLOTS.items() if kind == spec.kind] or [spec.kind]
    name = spec.params[0].name
    say(f"Set one with {' or '.join(f'--set {slot}.{name}=VALUE' for slot in slots)}.")
