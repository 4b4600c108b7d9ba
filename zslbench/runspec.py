"""What a run is: every component resolved, every parameter with its value and origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from zslbench.errors import InputError
from zslbench.hashes import FileHashes, hash_json
from zslbench.params import suggest
from zslbench.specs import DATASET_DEFAULT, SLOTS, ComponentRef, Recipe

if TYPE_CHECKING:
    from zslbench.contracts import DatasetCard
    from zslbench.params import Layer
    from zslbench.registry import Registry

Reference = Literal["oracle", "supervised"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)

PIPELINE_VERSION = 1
"""Raised whenever the harness's own computations change, so that old caches do not answer."""


@dataclass(frozen=True)
class DrawnSplits:
    """The sets of unseen classes that one call drew, by ``rule`` and the split seed."""

    rule: str  # random:10
    sets: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Request:
    """What a user asks for, before anything is looked up."""

    method: str
    dataset: str
    slots: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    unseen: tuple[str, ...] | None = None
    distractors: tuple[str, ...] = ()
    validation: float = 0.05
    split_seed: int = 0
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    reference: Reference | None = None
    configurations: int = 1  # how many were tried beside this one; not part of what a run is
    drawn: DrawnSplits | None = None  # whence its unseen classes; not part of what a run is either


@dataclass(frozen=True)
class RunSpec:
    """One run, resolved: plain data that crosses processes."""

    method: ComponentRef
    slots: Mapping[str, ComponentRef]
    dataset: ComponentRef
    unseen: tuple[str, ...]
    validation: float
    split_seed: int
    seed: int
    threads: int
    device: str
    reference: Reference | None
    configurations: int = 1
    drawn: DrawnSplits | None = None
    distractors: tuple[str, ...] = ()  # words that no image is of: candidates all the same

    def run_id(self, identities: Mapping[str, Any], data_fingerprint: str) -> str:
        """sha256 of everything that the numbers depend on; library versions are not part of it."""
        return hash_json(
            {
                "pipeline": PIPELINE_VERSION,
                "components": identities,
                "data": data_fingerprint,
                "unseen": sorted(self.unseen),
                "validation": self.validation,
                "split_seed": self.split_seed,
                "seed": self.seed,
                "threads": self.threads,
                "device": self.device,
                "reference": self.reference,
                **({"distractors": sorted(self.distractors)} if self.distractors else {}),
            }
        )


def class_names(names: Iterable[str], what: str = "unseen") -> tuple[str, ...]:
    """Return ``names``; raise InputError for a single text, whose letters are no names."""
    if isinstance(names, str):
        raise InputError(f"{what} must be a list of names, got {names!r}: write [{names!r}]")
    return tuple(names)


def dataset_params(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``dataset.PARAM`` settings as PARAM → value, where no other component takes part.

    Raises InputError for a setting of anything else.
    """
    for key in settings:
        slot, dot, _ = key.partition(".")
        if not dot or slot != "dataset":
            raise InputError(
                f"cannot set {key!r}{suggest(slot, ('dataset',)) or ';'} only the data set has "
                "parameters here: write dataset.PARAMETER=VALUE"
            )
    return _of_slot(settings, "dataset")


def resolve_dataset(request: Request, registry: Registry) -> ComponentRef:
    """Return the data set's ref with its parameters; raise InputError."""
    return registry.resolve(
        "dataset", request.dataset, [("user", _of_slot(request.set, "dataset"))]
    )


def resolve_request(request: Request, registry: Registry) -> RunSpec:
    """Return what ``request`` will run, without opening the data; raise InputError."""
    ref = resolve_dataset(request, registry)
    return resolve_run(request, registry, ref, registry.create(ref).card)


def resolve_run(
    request: Request, registry: Registry, dataset: ComponentRef, card: DatasetCard
) -> RunSpec:
    """Fill every slot and parameter of ``request``; raise InputError for what cannot be."""
    item, _ = registry.find("method", request.method)
    recipe, owner = item.spec.recipe, f"method {request.method!r}"
    own = [("user", _of_slot(request.set, "method"))]
    method = registry.resolve("method", request.method, own)
    filled = dict(recipe.slots) if recipe else _class_slots(registry, method)
    _check_slots(owner, filled, request)
    filled |= request.slots
    slots = {}
    for slot in SLOTS:
        if slot in filled:
            name = card.embedding if filled[slot] == DATASET_DEFAULT else filled[slot]
            layers: list[Layer] = [
                ("recipe", _recipe_params(recipe, slot, name, card)),
                ("dataset", _recommended(card, slot, name)),
                ("user", _of_slot(request.set, slot)),
            ]
            slots[slot] = registry.resolve(SLOTS[slot], name, layers)
    if request.reference and not recipe:
        raise InputError(
            f"reference {request.reference!r} needs a method made of slots, and {owner} is a class "
            "of its own: choose a recipe, see 'zslbench list method'"
        )
    return RunSpec(
        method=method,
        slots=slots,
        dataset=dataset,
        unseen=tuple(sorted(request.unseen if request.unseen is not None else card.unseen)),
        validation=request.validation,
        split_seed=request.split_seed,
        seed=request.seed,
        threads=request.threads,
        device=request.device,
        reference=request.reference,
        configurations=request.configurations,
        drawn=request.drawn,
        distractors=tuple(sorted(request.distractors)),
    )


def identity(
    ref: ComponentRef,
    registry: Registry,
    hashes: FileHashes,
    contents: list[list[str]],
    made_of: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A component as plain data that decides its output: files by content, never by path.

    ``contents`` are [base name, sha256] of the files that it reads, ``made_of`` the identities of
    the components that it is made of.
    """
    spec = registry.item(ref).spec
    params = dict(ref.params)
    for param in spec.params:
        if param.is_file(params[param.name]):
            params[param.name] = hashes.of(Path(params[param.name]))
        if param.type == "components":
            params[param.name] = len(params[param.name] or ())
    hidden = spec.member_is_path or spec.member_is_component
    found = {
        "kind": ref.kind,
        "name": ref.name,
        "member": None if hidden else ref.member,
        "distribution": ref.distribution,
        "version": ref.version,
        "source": ref.source,
        "params": params,
        "contents": sorted(sha for _, sha in contents),
    }
    return found | ({"made_of": list(made_of)} if made_of else {})


def _check_slots(owner: str, filled: Mapping[str, str], request: Request) -> None:
    own = [slot for slot in SLOTS if slot in filled]
    for slot in request.slots:
        if slot not in own:
            raise InputError(f"{owner} has no slot {slot!r}; its slots: {', '.join(own) or 'none'}")
    for key in request.set:
        slot, dot, _ = key.partition(".")
        allowed = ["dataset", "method", *own]
        if not dot or slot not in allowed:
            raise InputError(
                f"cannot set {key!r}{suggest(slot, allowed) or ';'} write SLOT.PARAMETER=VALUE "
                f"with a slot of {owner}: {', '.join(allowed)}"
            )
        if key == "seen_classifier.candidates":
            raise InputError(
                f"cannot set {key!r} to {request.set[key]!r}: the seen classifier's candidates are "
                "always the seen classes; the parameter belongs to the unseen classifier: write "
                "unseen_classifier.candidates"
            )


def _class_slots(registry: Registry, method: ComponentRef) -> dict[str, str]:
    """The slots of a method that is a class of its own: slot → default component."""
    slots = dict(registry.load(method).slots)
    unknown = [slot for slot in slots if slot not in SLOTS]
    if unknown:
        raise InputError(
            f"method {method.label!r} has unknown slots {unknown}; slots: {list(SLOTS)}"
        )
    return slots


def _recipe_params(
    recipe: Recipe | None, slot: str, name: str, card: DatasetCard
) -> dict[str, Any]:
    """What the recipe sets in ``slot``, where the component there still comes from the recipe."""
    if recipe is None:
        return {}
    chosen = recipe.slots[slot]
    own = card.embedding if chosen == DATASET_DEFAULT else chosen
    return _of_slot(recipe.params, slot) if name == own else {}


def _of_slot(values: Mapping[str, Any], slot: str) -> dict[str, Any]:
    prefix = slot + "."
    return {key[len(prefix) :]: value for key, value in values.items() if key.startswith(prefix)}


def _recommended(card: DatasetCard, slot: str, name: str) -> dict[str, Any]:
    return _of_slot(card.recommended, f"{slot}/{name}")
