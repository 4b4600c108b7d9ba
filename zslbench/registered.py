"""What the registry keeps: components and commands, whose they are, and how plugins fared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zslbench.specs import ComponentSpec


@dataclass(frozen=True)
class Registered:
    """A component and whose it is."""

    spec: ComponentSpec
    plugin: str  # "distribution:entry point", or the module of a --plugin
    distribution: str
    version: str


@dataclass(frozen=True)
class RegisteredCommand:
    """A command that a plugin adds to ``zslbench``."""

    name: str
    target: str
    help: str
    plugin: str


@dataclass(frozen=True)
class PluginReport:
    """How a plugin fared: ``reason`` is None where all went well."""

    name: str
    distribution: str
    version: str
    reason: str | None = None


def conflict(items: list[Registered]) -> str:
    """How two plugins that claim one name are told of."""
    spec = items[0].spec
    return (
        f"{spec.kind} {spec.name!r} is claimed by plugins "
        f"{' and '.join(repr(i.plugin) for i in items)}: uninstall or rename one"
    )


def command_conflict(items: list[RegisteredCommand]) -> str:
    """How two plugins that claim one command are told of."""
    return (
        f"command {items[0].name!r} is claimed by plugins "
        f"{' and '.join(repr(i.plugin) for i in items)}: uninstall or rename one"
    )
