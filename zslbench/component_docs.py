"""The page of bundled components, made from what they register.

``python -m zslbench.component_docs > docs/components.md``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zslbench.members import members
from zslbench.params import describe, written
from zslbench.registry import Registry
from zslbench.specs import DATASET_DEFAULT, KINDS

if TYPE_CHECKING:
    from zslbench.registered import Registered
    from zslbench.specs import ComponentSpec, Param

FEW = 50  # members of a family that are listed by name

HEAD = """\
# Bundled components

Made by `python -m zslbench.component_docs > docs/components.md`; a test fails where it has drifted.
`zslbench list` and `zslbench show KIND NAME` say the same of whatever is installed.
"""


def page(registry: Registry, distribution: str = "zslbench") -> str:
    """Return the Markdown page of all components that ``distribution`` offers."""
    lines = [HEAD]
    for kind in KINDS:
        items = [i for i in registry.components(kind) if i.distribution == distribution]
        if items:
            lines += [f"## {kind}", "", *_overview(items), ""]
            lines += [line for item in items for line in _component(item.spec)]
    return "\n".join(lines).rstrip() + "\n"


def _overview(items: list[Registered]) -> Iterator[str]:
    yield from _table(
        ("name", "what", "after"),
        [(f"`{i.spec.name}`", i.spec.summary, i.spec.reference) for i in items],
    )


def _component(spec: ComponentSpec) -> Iterator[str]:
    if spec.recipe is not None:
        yield from (f"The recipe of `{spec.name}`:", "")
        yield from _table(
            ("slot", "component", "parameters it sets"),
            [
                (f"`{slot}`", _slot(name), _settings(slot, spec.recipe.params))
                for slot, name in spec.recipe.slots.items()
            ],
        )
        yield ""
    table = members(spec)
    if table:
        names = ", ".join(f"`{name}`" for name in table)
        listed = f": {names}" if len(table) <= FEW else ""
        yield from (f"`{spec.name}` has {len(table):,} members{listed}.", "")
    if spec.params:
        yield from (f"Parameters of `{spec.name}`:", "")
        yield from _table(
            ("parameter", "allowed", "default", "meaning"), [_param(param) for param in spec.params]
        )
        yield ""


def _slot(name: str) -> str:
    return "the data set's own default" if name == DATASET_DEFAULT else f"`{name}`"


def _settings(slot: str, params: Any) -> str:
    start = slot + "."
    chosen = {key[len(start) :]: value for key, value in params.items() if key.startswith(start)}
    return ", ".join(f"`{key} = {written(value)}`" for key, value in chosen.items())


def _param(param: Param) -> tuple[str, ...]:
    return (f"`{param.name}`", describe(param), f"`{written(param.default)}`", param.help)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(' --- ' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    sys.stdout.write(page(Registry.discover()))
