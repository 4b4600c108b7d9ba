"""Plugins found, checked and asked for components; look-up by name.

The registry is an object that is passed around: there is no global one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from zslbench import hookspecs
from zslbench.errors import InputError, PluginError
from zslbench.params import Layer, resolve, suggest
from zslbench.plugin_files import load_plugin
from zslbench.source import source_hash
from zslbench.specs import API_VERSION, KINDS, ComponentRef, ComponentSpec, Kind

HOOKS: Mapping[Kind, str] = {
    kind: "register_novelty" if kind == "novelty" else f"register_{kind}s" for kind in KINDS
}


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


class Registry:
    """All components of all plugins that could be loaded."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("zslbench")
        self.manager.add_hookspecs(hookspecs)
        self.plugins: list[PluginReport] = []
        self.commands: dict[str, RegisteredCommand] = {}
        self._found: dict[tuple[Kind, str], list[Registered]] = {}

    @classmethod
    def discover(cls, plugins: Iterable[Any] = ()) -> Registry:
        """Load every installed plugin, then ``plugins``: module names, paths or objects.

        An installed plugin that fails is kept in :attr:`plugins` with its reason, and the others
        work on; one that was asked for by name raises PluginError.
        """
        registry = cls()
        for point in sorted(entry_points(group="zslbench"), key=_distribution_and_name):
            dist = point.dist
            name, version = (dist.name, dist.version) if dist else ("unknown", "0")
            registry._try(point, f"{name}:{point.name}", name, version)
        for plugin in plugins:
            registry.add(plugin)
        return registry

    def add(self, plugin: Any) -> None:
        """Register ``plugin`` (``package.module``, ``path.py`` or an object); raise PluginError."""
        module = load_plugin(plugin) if isinstance(plugin, str) else plugin
        name = getattr(module, "__name__", None) or type(module).__name__
        self._register(module, name, "local", str(getattr(module, "__version__", "0")))
        self.plugins.append(PluginReport(name, "local", "0"))

    def _try(self, point: EntryPoint, name: str, distribution: str, version: str) -> None:
        try:
            self._register(point.load(), name, distribution, version)
            reason = None
        except Exception as error:  # whatever a stranger's import raises: reported, by name
            reason = f"{type(error).__name__}: {error}"
        self.plugins.append(PluginReport(name, distribution, version, reason))

    def _register(self, plugin: Any, name: str, distribution: str, version: str) -> None:
        stated = getattr(plugin, "ZSLBENCH_API", None)
        if stated != API_VERSION:
            raise PluginError(
                f"plugin {name!r} states ZSLBENCH_API = {stated!r}; this zslbench speaks version "
                f"{API_VERSION}: set ZSLBENCH_API = {API_VERSION} after adapting it"
            )
        found: list[Registered] = []
        commands: list[RegisteredCommand] = []
        try:
            self.manager.register(plugin, name=name)
            self.manager.check_pending()
            self._collect(plugin, name, distribution, version, found, commands)
        except Exception as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            if isinstance(error, pluggy.PluginValidationError):
                raise PluginError(f"plugin {name!r}: {error}; hooks: {_hook_names()}") from error
            raise
        for item in found:
            self._found.setdefault((item.spec.kind, item.spec.name), []).append(item)
        for command in commands:
            self.commands.setdefault(command.name, command)

    def _collect(
        self,
        plugin: Any,
        name: str,
        distribution: str,
        version: str,
        found: list[Registered],
        commands: list[RegisteredCommand],
    ) -> None:
        others = [p for p in self.manager.get_plugins() if p is not plugin]
        for kind, hook in HOOKS.items():

            def register(spec: ComponentSpec, kind: Kind = kind) -> None:
                _check_spec(spec, kind, name)
                found.append(Registered(spec, name, distribution, version))

            self.manager.subset_hook_caller(hook, others)(register=register)

        def register_command(command: str, target: str, help: str) -> None:
            commands.append(RegisteredCommand(command, target, help, name))

        self.manager.subset_hook_caller("register_commands", others)(register=register_command)

    # ------------------------------------------------------------------------------- look-up

    def names(self, kind: Kind) -> tuple[str, ...]:
        """All names of a kind, sorted."""
        return tuple(sorted(name for k, name in self._found if k == kind))

    def conflicts(self) -> tuple[str, ...]:
        """A message for each name that more than one plugin claims."""
        return tuple(_conflict(items) for items in self._found.values() if len(items) > 1)

    def find(self, kind: Kind, name: str) -> tuple[Registered, str | None]:
        """Return the component called ``name`` and, for a family, the member that was asked for.

        Raises InputError with the nearest names, or PluginError where two plugins claim the name.
        """
        member: str | None = None
        items = self._found.get((kind, name))
        if items is None or items[0].spec.is_family:
            head, slash, member = name.partition("/")
            items = self._found.get((kind, f"{head}/*")) if slash and member else None
        if items is None or member in ("", "*"):
            raise InputError(
                f"unknown {kind} {name!r}{suggest(name, self.names(kind)) or ';'} "
                f"see 'zslbench list {kind}'{self._broken()}"
            )
        if len(items) > 1:
            raise PluginError(_conflict(items))
        return items[0], member

    def resolve(self, kind: Kind, name: str, layers: Iterable[Layer] = ()) -> ComponentRef:
        """Return a ComponentRef of ``name`` with every parameter; raise InputError."""
        item, member = self.find(kind, name)
        spec = item.spec
        params = resolve(f"{kind} {spec.name!r}", spec.params, layers)
        return ComponentRef(
            kind=kind,
            name=spec.name,
            distribution=item.distribution,
            version=spec.version,
            target=spec.target,
            source=source_hash(spec.target) if spec.target else "",
            params=params.values,
            origins=params.origins,
            member=member,
        )

    def create(self, ref: ComponentRef) -> Any:
        """Import the component's class and construct it; raise PluginError naming plugin and class."""
        cls = self.load(ref)
        params = dict(ref.params)
        if ref.member is not None:
            params = {"member": ref.member, **params}
        try:
            return cls(**params)
        except TypeError as error:
            raise PluginError(
                f"{ref.kind} {ref.label!r} of {ref.distribution!r} cannot be constructed from its "
                f"declared parameters {sorted(params)}: {error}"
            ) from error

    def load(self, ref: ComponentRef) -> Any:
        """Import ``module:Class``; a missing extra is named with the command that installs it."""
        module, _, name = ref.target.partition(":")
        item, _ = self.find(ref.kind, ref.name if ref.member is None else ref.name[:-1] + "x")
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError as error:
            extra = item.spec.extra
            hint = f"; install it with: pip install '{ref.distribution}[{extra}]'" if extra else ""
            raise PluginError(
                f"{ref.kind} {ref.label!r} of plugin {item.plugin!r} cannot be imported from "
                f"{ref.target!r}: {error}{hint}"
            ) from error
        except AttributeError as error:
            raise PluginError(
                f"{ref.kind} {ref.label!r} of plugin {item.plugin!r}: no {name!r} in {module!r}"
            ) from error

    def _broken(self) -> str:
        broken = [p.name for p in self.plugins if p.reason]
        if not broken:
            return ""
        return f" (not loaded: {', '.join(broken)}; see 'zslbench list --plugins')"


def _check_spec(spec: ComponentSpec, kind: Kind, plugin: str) -> None:
    if not isinstance(spec, ComponentSpec):
        raise PluginError(f"plugin {plugin!r} registered {spec!r}; expected a ComponentSpec")
    if spec.kind != kind:
        raise PluginError(
            f"plugin {plugin!r} registered {spec.kind} {spec.name!r} through {HOOKS[kind]}; "
            f"expected kind {kind!r}: use {HOOKS[spec.kind]}"
        )
    if bool(spec.target) == (spec.recipe is not None):
        raise PluginError(
            f"plugin {plugin!r}: {kind} {spec.name!r} needs a target 'module:Class'"
            + (" or a recipe, not both" if kind == "method" else "")
        )


def _conflict(items: list[Registered]) -> str:
    spec = items[0].spec
    return (
        f"{spec.kind} {spec.name!r} is claimed by plugins "
        f"{' and '.join(repr(i.plugin) for i in items)}: uninstall or rename one"
    )


def _distribution_and_name(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name if point.dist else "", point.name)


def _hook_names() -> str:
    return ", ".join(
        sorted(n for n in vars(hookspecs) if n.startswith(("register_", "run_", "stage_")))
    )
