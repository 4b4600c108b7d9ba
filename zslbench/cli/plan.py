"""What a run is about to do, in words: components, parameters and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zslbench.cli.output import fields, heading, plain_table
from zslbench.params import written

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from zslbench.runspec import RunSpec
    from zslbench.specs import ComponentRef

ORIGINS = {
    "recipe": "set by the method",
    "dataset": "recommended for this data set",
    "user": "set by you",
}


def describe_plan(
    spec: RunSpec, seeds: tuple[int, ...], folders: Mapping[str, Path], *, standard: bool
) -> list[RenderableType]:
    """Return what to print before a run: the slots, the split, the folders.

    ``standard`` says that the unseen classes are those of the data set's own split.
    """
    which = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
    title = f"{spec.method.label} on {spec.dataset.label}, {which}"
    if spec.reference:
        title += f": reference row {spec.reference!r}, unranked"
    rows = [
        (f"  {slot}", ref.label, chosen_params(ref))
        for slot, ref in {"dataset": spec.dataset, "method": spec.method, **spec.slots}.items()
        if slot in spec.slots or ref.params
    ]
    parts: list[RenderableType] = [heading(title)]
    if rows:
        parts.append(
            plain_table(("  slot", "component", "parameters, where not the default"), rows)
        )
    return [*parts, fields([*_split(spec, standard=standard), *_places(spec, folders)])]


def chosen_params(ref: ComponentRef) -> str:
    """Parameters that differ from their default, by who set them."""
    found = []
    for origin, words in ORIGINS.items():
        chosen = [
            f"{name}={written(ref.params[name])}" for name, o in ref.origins.items() if o == origin
        ]
        if chosen:
            found.append(f"{', '.join(chosen)} ({words})")
    return "; ".join(found)


def _split(spec: RunSpec, *, standard: bool) -> list[tuple[str, str]]:
    unseen = ", ".join(spec.unseen) + (" (the standard split)" if standard else "")
    if not spec.unseen:
        unseen = "none named yet"
    held_out = (
        f"{100 * spec.validation:g} % of the seen training images, split seed {spec.split_seed}"
    )
    lines = [("  unseen", unseen)]
    if spec.distractors:
        lines.append(("  distractors", ", ".join(spec.distractors)))
    return [*lines, ("  held out", held_out)]


def _places(spec: RunSpec, folders: Mapping[str, Path]) -> list[tuple[str, str]]:
    threads = f"{spec.threads} thread{'s' if spec.threads > 1 else ''} on {spec.device}"
    return [("  with", threads), *((f"  {name}", str(path)) for name, path in folders.items())]
