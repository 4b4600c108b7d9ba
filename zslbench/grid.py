"""Grids: several values on some axes, every combination a request; written as a plan, or flags."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from zslbench.errors import InputError
from zslbench.params import suggest
from zslbench.runspec import REFERENCES, DrawnSplits, Request, class_names, resolve_dataset
from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.registry import Registry

FIXED = ("validation", "split_seed", "threads", "device", "reference")
"""What holds for a whole grid; all else may have several values."""

PLAN_KEYS = (
    "method", "dataset", "seeds", "unseen", "splits", "distractors", "slots", "set", *FIXED,
)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """Axes, each a tuple of values; their product is the grid, the last axis the fastest.

    An axis of ``unseen`` is a tuple of tuples of class names; None is the standard split.
    """

    method: tuple[str, ...]
    dataset: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    set: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    unseen: tuple[tuple[str, ...] | None, ...] = (None,)
    distractors: tuple[tuple[str, ...], ...] = ((),)
    seeds: tuple[int, ...] = (0,)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    drawn: DrawnSplits | None = None  # what ``unseen`` was drawn by

    def requests(self) -> tuple[Request, ...]:
        """Every combination once; each knows how many configurations were tried beside it.

        Seeds and sets of unseen classes or of distractors are repetitions of a configuration, not
        configurations.
        """
        found = dict.fromkeys(_Frozen.of(request) for request in self._combinations())
        requests = [frozen.request for frozen in found]
        tried: dict[str, set[_Frozen]] = {}
        for request in requests:
            alone = replace(request, seed=0, unseen=None, distractors=())
            tried.setdefault(request.dataset, set()).add(_Frozen.of(alone))
        return tuple(
            replace(request, configurations=len(tried[request.dataset]), drawn=self.drawn)
            for request in requests
        )

    def _combinations(self) -> Iterator[Request]:
        axes: dict[tuple[str, str], Sequence[Any]] = {
            ("", "dataset"): self.dataset,
            ("", "method"): self.method,
            **{("slots", slot): names for slot, names in self.slots.items()},
            **{("set", key): values for key, values in self.set.items()},
            ("", "unseen"): self.unseen,
            ("", "distractors"): self.distractors,
            ("", "seed"): self.seeds,
        }
        for values in product(*axes.values()):
            chosen: dict[str, Any] = {"slots": {}, "set": {}, **self.fixed}
            for (group, name), value in zip(axes, values, strict=True):
                (chosen[group] if group else chosen)[name] = value
            yield Request(**chosen)


@dataclass(frozen=True)
class _Frozen:
    """A request that can be told from others: its mappings as sorted text."""

    text: str
    request: Request = field(compare=False)

    @classmethod
    def of(cls, request: Request) -> _Frozen:
        values = {f.name: getattr(request, f.name) for f in fields(request)}
        values.pop("configurations")
        values.pop("drawn")
        plain = {k: sorted(v.items()) if isinstance(v, Mapping) else v for k, v in values.items()}
        return cls(repr(sorted(plain.items())), request)


def read_plan(path: Path) -> dict[str, Any]:
    """Return a plan (TOML) as the keyword arguments of :func:`make_grid`; raise InputError.

    ``method``, ``dataset`` and every slot and parameter take a value or a list of values;
    ``seeds`` a list of integers, or ``"0-4"``; ``unseen`` and ``distractors`` a list of names, or a
    list of such lists.
    """
    try:
        plan = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"plan {path} does not exist: give the path of a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"plan {path} cannot be read as TOML: {error}") from error
    for key in plan:
        if key not in PLAN_KEYS:
            near = suggest(key, PLAN_KEYS) or ";"
            raise InputError(f"plan {path}: unknown key {key!r}{near} keys: {', '.join(PLAN_KEYS)}")
    for key in ("method", "dataset"):
        if key not in plan:
            raise InputError(f'plan {path} names no {key}: write {key} = "NAME"')
    for key in ("slots", "set"):
        if not isinstance(plan.get(key, {}), dict):
            raise InputError(f"plan {path}: {key} must be a table, [{key}], got {plan[key]!r}")
    return plan


def make_grid(
    *,
    method: str | Sequence[str],
    dataset: str | Sequence[str],
    slots: Mapping[str, str | Sequence[str]] | None = None,
    set: Mapping[str, Any] | None = None,
    unseen: Sequence[str] | Sequence[Sequence[str]] | None = None,
    distractors: Sequence[str] | Sequence[Sequence[str]] = (),
    seeds: int | str | Sequence[int] = 0,
    **fixed: Any,
) -> Grid:
    """Return the grid of these values, where a list (or tuple) is an axis; raise InputError.

    A parameter that is itself a list is written as text (``"1,2"``), or as a list of lists.
    """
    for slot in slots or {}:
        if slot not in SLOTS:
            raise InputError(
                f"unknown slot {slot!r}{suggest(slot, SLOTS) or ';'} {', '.join(SLOTS)}"
            )
    if fixed.get("reference") not in (None, *REFERENCES):
        raise InputError(
            f"reference must be one of {', '.join(REFERENCES)}, got {fixed['reference']!r}"
        )
    return Grid(
        method=_names("method", method),
        dataset=_names("dataset", dataset),
        slots={slot: _names(slot, names) for slot, names in (slots or {}).items()},
        set={key: _axis(key, values) for key, values in (set or {}).items()},
        unseen=_unseen(unseen),
        distractors=_name_sets(distractors) if distractors else ((),),
        seeds=_seeds(seeds),
        fixed=fixed,
    )


def with_splits(grid: Grid, splits: str | None, registry: Registry) -> Grid:
    """Return ``grid`` with the sets of unseen classes that ``splits`` ("random:10") asks for.

    As many unseen classes as the data set's standard split has. Raises InputError.
    """
    if splits is None:
        return grid
    rule, colon, count = splits.partition(":") if isinstance(splits, str) else ("", "", "")
    if rule != "random" or not colon or not count.isdecimal() or int(count) < 1:
        raise InputError(f"splits {splits!r} cannot be read: write random:COUNT, as in random:10")
    if grid.unseen != (None,):
        raise InputError("splits and unseen exclude each other: give one of them")
    if len(grid.dataset) != 1:
        raise InputError("splits are drawn for one data set: run a grid for each")
    own = {key: values[0] for key, values in grid.set.items() if key.startswith("dataset.")}
    first = Request(grid.method[0], grid.dataset[0], set=own)
    card = registry.create(resolve_dataset(first, registry)).card
    if card.classes and not card.unseen:
        raise InputError(
            f"data set {grid.dataset[0]!r} has no standard split, so how many unseen classes to "
            "draw is not known: name some in its zslbench.toml, or sets of them with unseen"
        )
    if not card.classes:
        raise InputError(
            f"data set {grid.dataset[0]!r} states no classes to draw from: name sets with unseen"
        )
    drawn = random_splits(
        card.classes, len(card.unseen), int(count), split_seed=grid.fixed.get("split_seed", 0)
    )
    return replace(grid, unseen=drawn, drawn=DrawnSplits(splits, drawn))


def random_splits(
    classes: Sequence[str], size: int, count: int, *, split_seed: int
) -> tuple[tuple[str, ...], ...]:
    """Draw ``count`` different sets of ``size`` unseen classes, by keyed hashes of their names.

    Raises InputError where the classes do not allow so many.
    """
    from math import comb

    if not 0 < size <= len(classes) - 2:
        raise InputError(
            f"cannot draw {size} unseen of {len(classes)} classes: at least 2 must stay seen"
        )
    if count > comb(len(classes), size):
        raise InputError(
            f"there are {comb(len(classes), size)} sets of {size} of {len(classes)} classes, and "
            f"{count} were asked for: ask for fewer"
        )
    found: dict[tuple[str, ...], None] = {}
    number = 0
    while len(found) < count:
        key = f"splits:{split_seed}:{number}:"
        order = sorted(classes, key=lambda name: hashlib.sha256((key + name).encode()).digest())
        found[tuple(sorted(order[:size]))] = None
        number += 1
    return tuple(found)


def _axis(name: str, values: Any) -> tuple[Any, ...]:
    several = tuple(values) if isinstance(values, (list, tuple)) else (values,)
    if not several:
        raise InputError(f"{name} has no value in the grid: give it one, or leave it out")
    return tuple(dict.fromkeys(tuple(v) if isinstance(v, list) else v for v in several))


def _names(axis: str, values: Any) -> tuple[str, ...]:
    """An axis of components."""
    several = _axis(axis, values)
    for name in several:
        if not isinstance(name, str):
            raise InputError(
                f"{axis} must be a component's name or a list of names, got {name!r}: write it as "
                "text, as 'zslbench list' shows it"
            )
    return several


def _unseen(values: Any) -> tuple[tuple[str, ...] | None, ...]:
    if values is None:
        return (None,)
    if not values:
        raise InputError("no unseen class is named: leave unseen out for the standard split")
    return _name_sets(values)


def _name_sets(values: Any) -> tuple[tuple[str, ...], ...]:
    """One list of names, or a list of such lists."""
    values = class_names(values)
    if all(isinstance(value, str) for value in values):
        return (values,)
    return tuple(dict.fromkeys(class_names(value) for value in values))


def seed_range(text: str) -> tuple[int, ...]:
    """Return the seeds that ``0-4`` or ``0,2,5`` names; raise InputError."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InputError(f"seeds {text!r} cannot be read: write 0-4, or 0,2,5")
        if dash and int(last) < int(first):
            raise InputError(f"seeds {text!r}: {part.strip()!r} counts down: write it as 0-4")
        found |= dict.fromkeys(range(int(first), int(last or first) + 1))
    return tuple(found)


def _seeds(values: Any) -> tuple[int, ...]:
    if isinstance(values, str):
        return seed_range(values)
    several = (values,) if isinstance(values, int) else tuple(values)
    for seed in several:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise InputError(f"a seed must be an integer ≥ 0, got {seed!r}")
    return _axis("seeds", several)
