"""What a plugin registers and what a run names: plain data that imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

API_VERSION = 1
"""The plugin contract's version; a plugin states the one it was written for as ``ZSLBENCH_API``."""

Kind = Literal[
    "dataset", "backbone", "embedding", "mapping", "novelty", "gate", "classifier", "method"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

SLOTS: Mapping[str, Kind] = MappingProxyType(
    {
        "backbone": "backbone",
        "embedding": "embedding",
        "mapping": "mapping",
        "novelty": "novelty",
        "gate": "gate",
        "seen_classifier": "classifier",
        "unseen_classifier": "classifier",
    }
)
"""Slot → kind. A slot's name is its flag, its prefix in ``--set``, its key in records and CSV."""

DATASET_DEFAULT = "dataset-default"
"""Stands in a recipe for "what the data set's own card recommends"."""

ParamType = Literal["int", "float", "bool", "str", "path", "floats", "strs", "components"]


@dataclass(frozen=True)
class Param:
    """One declared parameter of a component; a test holds it against the constructor.

    ``floats`` and ``strs`` are tuples, written ``1,2,3`` on the command line. ``path`` is recorded
    by base name and content hash. Bounds are inclusive; ``exclusive_minimum`` makes the lower one
    strict. ``components`` are names of components of the same kind, comma-separated, that this one
    is made of: the harness resolves each with its default parameters, and records their labels.
    """

    name: str
    type: ParamType
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    choices: tuple[str, ...] | None = None
    optional: bool = False  # None is allowed

    def is_file(self, value: Any) -> bool:
        """Whether ``value`` is a path: a ``path`` may also be one of ``choices``, mere names."""
        return self.type == "path" and value is not None and value not in (self.choices or ())


@dataclass(frozen=True)
class Recipe:
    """A gated method as data: which component fills each slot, with which parameters.

    ``slots`` maps every name of :data:`SLOTS` to a component's name (or :data:`DATASET_DEFAULT`);
    ``params`` maps ``slot.param`` to the value that this method sets.
    """

    slots: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ComponentSpec:
    """One component as its plugin registers it.

    ``name`` is unique in its kind; a family ends in ``/*`` (``file/*``), and what the user writes
    in place of the star reaches the constructor as its first keyword argument, ``member``.
    ``members`` names the table of those that there are, ``package:file.json``, member → summary,
    reference and params, which come after the family's own; without it any name will do.
    ``target`` is ``package.module:Class``, imported at first use. A method has either a ``target``
    (a class of its own) or a ``recipe``.
    """

    kind: Kind
    name: str
    target: str = ""
    params: tuple[Param, ...] = ()
    summary: str = ""
    reference: str = ""
    version: str = "1"
    extra: str | None = None  # the extra to install: zslbench[extra]
    recipe: Recipe | None = None
    members: str | None = None
    star: str = ""  # a family's: what to write in place of the star, where not a name or a path
    member_is_path: bool = False  # family/PATH: records keep the base name and the content hash
    member_is_component: bool = False  # family/NAME: made of the component NAME of the same kind
    reads_files: bool = False  # has ``sources(places)``, as every embedding and family/PATH has

    @property
    def is_family(self) -> bool:
        return self.name.endswith("/*")


@dataclass(frozen=True)
class ComponentRef:
    """One component as a run names it: resolved, with every parameter, ready to cross processes."""

    kind: Kind
    name: str  # as registered; a family keeps its star
    distribution: str
    version: str
    target: str
    source: str  # hash of the component's source code
    params: Mapping[str, Any]
    origins: Mapping[str, str]  # parameter → default | recipe | dataset | user
    member: str | None = None
    member_is_path: bool = False
    reads_files: bool = False  # has ``sources(places)``
    parts: tuple[ComponentRef, ...] = ()  # what it is made of

    @property
    def label(self) -> str:
        """The name that a person reads: ``file/glove.txt``; never a path."""
        if self.member is None:
            return self.name
        plain = self.member.replace("\\", "/").rstrip("/")
        if self.member_is_path or plain != self.member or plain.startswith(("/", ".", "~")):
            plain = plain.rsplit("/", 1)[-1]
        return self.name[:-1] + plain
