"""The plugin hooks, readable in a minute.

A plugin is a module (or an object) that states ``ZSLBENCH_API = 1`` and implements some of these
with ``@zslbench.hookimpl``. Installed packages name it under the entry-point group ``zslbench``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

from zslbench.specs import ComponentSpec

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.runspec import RunSpec

Register = Callable[[ComponentSpec], None]
RegisterCommand = Callable[[str, str, str], None]  # name, "module:command", a line of help

hookspec = pluggy.HookspecMarker("zslbench")
hookimpl = pluggy.HookimplMarker("zslbench")


# One hook a kind: call ``register(ComponentSpec(...))`` once for each component.


@hookspec
def register_datasets(register: Register) -> None:
    """Offer data sets."""


@hookspec
def register_backbones(register: Register) -> None:
    """Offer backbones: images → features."""


@hookspec
def register_embeddings(register: Register) -> None:
    """Offer class embeddings: words → vectors."""


@hookspec
def register_mappings(register: Register) -> None:
    """Offer mappings: features → the class vectors' space."""


@hookspec
def register_novelty(register: Register) -> None:
    """Offer novelty detectors."""


@hookspec
def register_gates(register: Register) -> None:
    """Offer gates: which branch answers."""


@hookspec
def register_classifiers(register: Register) -> None:
    """Offer classifiers, for seen or for unseen classes."""


@hookspec
def register_methods(register: Register) -> None:
    """Offer whole methods: recipes of slots, or classes of their own."""


@hookspec
def register_commands(register: RegisterCommand) -> None:
    """Offer commands of ``zslbench``: ``register("name", "module:click_command", "help")``."""


# The life of a run, for trackers and progress displays.


@hookspec
def run_started(spec: RunSpec, run_id: str) -> None:
    """A run begins (not called where a finished run answers)."""


@hookspec
def stage_started(stage: str, note: str) -> None:
    """A stage begins; ``note`` says what it will take, where that is known."""


@hookspec
def stage_progress(stage: str, done: int, total: int) -> None:
    """A stage has done ``done`` of ``total`` steps (images, rounds, bytes)."""


@hookspec
def stage_finished(stage: str, seconds: float, cached: bool) -> None:
    """A stage ended, or its outputs were in the cache."""


@hookspec
def run_finished(record: Record) -> None:
    """A run ended, well or badly (``record.status``); the record is already stored."""
