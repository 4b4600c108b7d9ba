"""Plugins found, checked and asked for components; look-up by name.

The registry is an object that is passed around: there is no global one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from zslbench import hookspecs
from zslbench.disk import REFUSALS
from zslbench.errors import DataError, InputError, PluginError, ZSLBenchError
from zslbench.members import members, refusals, specialised
from zslbench.params import (
    Layer,
    check_places,
    resolve,
    split_layers,
    suggest,
    suggest_or_list,
)
from zslbench.plugin_checks import HOOKS, blame, check_members, check_plugin, check_spec
from zslbench.plugin_files import load_plugin
from zslbench.registered import (
    PluginReport,
    Registered,
    RegisteredCommand,
    command_conflict,
    conflict,
)
from zslbench.source import source_hash
from zslbench.specs import ComponentRef, ComponentSpec, Kind


class Registry:
    """All components of all plugins that could be loaded."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("zslbench")
        self.manager.add_hookspecs(hookspecs)
        self.manager.add_hookcall_monitoring(lambda *_: None, blame)
        self.plugins: list[PluginReport] = []
        self._commands: dict[str, list[RegisteredCommand]] = {}
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
        """Register ``plugin`` (``package.module``, ``path.py`` or an object); raise PluginError.

        A module that is installed and was loaded already stays as it is.
        """
        module = load_plugin(plugin) if isinstance(plugin, str) else plugin
        if self.manager.is_registered(module):
            return
        name = getattr(module, "__name__", None) or type(module).__name__
        version = str(getattr(module, "__version__", "0"))
        self._register(module, name, "local", version)
        self.plugins.append(PluginReport(name, "local", version))

    def _try(self, point: EntryPoint, name: str, distribution: str, version: str) -> None:
        try:
            self._register(point.load(), name, distribution, version)
            reason = None
        except ZSLBenchError as error:
            reason = str(error)
        except (Exception, SystemExit) as error:  # whatever a stranger's import raises
            reason = f"{type(error).__name__}: {error}"
        self.plugins.append(PluginReport(name, distribution, version, reason))

    def _register(self, plugin: Any, name: str, distribution: str, version: str) -> None:
        check_plugin(plugin, name, self.manager)
        taken = self.manager.get_name(plugin) or (name if self.manager.has_plugin(name) else None)
        if taken is not None:
            raise PluginError(f"plugin {name!r} is registered already, as {taken!r}: name it once")
        found: list[Registered] = []
        commands: list[RegisteredCommand] = []
        self.manager.register(plugin, name=name)
        try:
            self._collect(plugin, name, distribution, version, found, commands)
        except Exception:
            self.manager.unregister(name=name)
            raise
        for item in found:
            self._found.setdefault((item.spec.kind, item.spec.name), []).append(item)
        for command in commands:
            self._commands.setdefault(command.name, []).append(command)

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
                check_spec(spec, kind, name)
                found.append(Registered(spec, name, distribution, version))

            self.manager.subset_hook_caller(hook, others)(register=register)

        def register_command(command: str, target: str, help: str) -> None:
            commands.append(RegisteredCommand(command, target, help, name))

        self.manager.subset_hook_caller("register_commands", others)(register=register_command)

    # ------------------------------------------------------------------------------- look-up

    def names(self, kind: Kind) -> tuple[str, ...]:
        """All names of a kind, sorted."""
        return tuple(sorted(name for k, name in self._found if k == kind))

    def components(self, kind: Kind) -> tuple[Registered, ...]:
        """All components of a kind by name; a name that two plugins claim comes twice."""
        return tuple(item for name in self.names(kind) for item in self._found[kind, name])

    def conflicts(self) -> tuple[str, ...]:
        """A message for each name, of a component or a command, that several plugins claim."""
        return tuple(conflict(items) for items in self._found.values() if len(items) > 1) + tuple(
            command_conflict(items) for items in self._commands.values() if len(items) > 1
        )

    @property
    def commands(self) -> tuple[RegisteredCommand, ...]:
        """The commands that plugins add, by name; one that two plugins claim comes twice."""
        return tuple(item for name in sorted(self._commands) for item in self._commands[name])

    def command(self, name: str) -> RegisteredCommand | None:
        """Return a plugin's command, None where there is none; raise PluginError for a conflict."""
        items = self._commands.get(name, [])
        if len(items) > 1:
            raise PluginError(command_conflict(items))
        return items[0] if items else None

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
            raise InputError(self._unknown(kind, name))
        if len(items) > 1:
            raise PluginError(conflict(items))
        item = items[0]
        if member is None or item.spec.members is None:
            return item, member
        if member not in members(item.spec):
            why = refusals(item.spec).get(member)
            raise InputError(
                f"{kind} {name!r} is refused: {why}; see 'zslbench list {kind} {head}'"
                if why
                else self._unknown(kind, name)
            )
        return replace(item, spec=specialised(item.spec, member)), member

    def item(self, ref: ComponentRef) -> Registered:
        """Return what was registered of ``ref``."""
        return self.find(ref.kind, ref.name[:-1] + ref.member if ref.member else ref.name)[0]

    def describe(self, ref: ComponentRef) -> str:
        """``mapping 'centroid' of plugin 'zslbench-example:example'``: how messages name it."""
        return f"{ref.kind} {ref.label!r} of plugin {self.item(ref).plugin!r}"

    def resolve(self, kind: Kind, name: str, layers: Iterable[Layer] = ()) -> ComponentRef:
        """Return a ComponentRef of ``name`` with every parameter; raise InputError.

        A parameter of a component that it is made of is called by that one's place, ``0.k``.
        """
        item, member = self.find(kind, name)
        spec = item.spec
        own, of_parts = split_layers(layers)
        params = resolve(f"{kind} {spec.name!r}", spec.params, own)
        made_of = [
            part
            for param in spec.params
            if param.type == "components"
            for part in params.values[param.name] or ()
        ]
        if spec.member_is_component and member is not None:
            made_of.insert(0, member)
        check_places(f"{kind} {name!r}", of_parts, len(made_of))
        return ComponentRef(
            kind=kind,
            name=spec.name,
            distribution=item.distribution,
            version=spec.version,
            target=spec.target,
            source=_source(item) if spec.target else "",
            params=params.values,
            origins=params.origins,
            member=member,
            member_is_path=spec.member_is_path,
            reads_files=spec.reads_files or spec.member_is_path or kind == "embedding",
            parts=tuple(
                self.resolve(kind, part, of_parts.get(place, ()))
                for place, part in enumerate(made_of)
            ),
        )

    def create(self, ref: ComponentRef) -> Any:
        """Import the component's class and construct it; raise PluginError that names it."""
        cls, what = self.load(ref), self.describe(ref)
        params = dict(ref.params)
        if ref.member is not None:
            params = {"member": ref.member, **params}
        try:
            component = cls(**params)
        except ZSLBenchError:
            raise
        except (Exception, SystemExit) as error:  # the constructor is the plugin's own code
            raise PluginError(
                f"{what} cannot be constructed from its declared parameters {sorted(params)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        check_members(component, ref.kind, what)
        return component

    @contextmanager
    def calling(self, ref: ComponentRef, step: str) -> Iterator[None]:
        """Name the component at fault where its own code fails in ``step``.

        What the machine refuses (a full disk, a permission: ``disk.REFUSALS``) is nobody's fault
        and stays as it is; any other OSError is the component's, as an absent file of its own.
        """
        try:
            yield
        except (ZSLBenchError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # whatever a component raises: its fault
            if isinstance(error, OSError) and error.errno in REFUSALS:
                raise
            raise PluginError(
                f"{self.describe(ref)} failed in {step}: {type(error).__name__}: {error}"
            ) from error

    def load(self, ref: ComponentRef) -> Any:
        """Import ``module:Class``; a missing extra is named with the command that installs it."""
        module, _, name = ref.target.partition(":")
        what = self.describe(ref)
        try:
            found = importlib.import_module(module)
        except (Exception, SystemExit) as error:  # the module is the plugin's own code
            extra = self.item(ref).spec.extra if isinstance(error, ImportError) else None
            if extra:
                raise DataError(
                    f"{what} needs a package that is not installed ({error}): install it with: pip "
                    f"install '{ref.distribution}[{extra}]', or choose another {ref.kind}, see "
                    f"'zslbench list {ref.kind}'"
                ) from error
            raise PluginError(
                f"{what} cannot be imported from {ref.target!r}: {type(error).__name__}: {error}"
            ) from error
        if not hasattr(found, name):
            raise PluginError(f"{what}: no {name!r} in module {module!r}; mend its target")
        return getattr(found, name)

    def _unknown(self, kind: Kind, name: str) -> str:
        known = [
            spec.name[:-1] + member
            for (found, _), items in self._found.items()
            for spec in (item.spec for item in items)
            if found == kind
            for member in members(spec)
        ]
        own = self.names(kind)
        near = suggest(name, (*own, *known)) or suggest_or_list(name, own)
        return f"unknown {kind} {name!r}{near} see 'zslbench list {kind}'{self._broken()}"

    def _broken(self) -> str:
        broken = [p.name for p in self.plugins if p.reason]
        if not broken:
            return ""
        return f" (not loaded: {', '.join(broken)}; see 'zslbench list --plugins')"


def _source(item: Registered) -> str:
    what = f"{item.spec.kind} {item.spec.name!r} of plugin {item.plugin!r}"
    try:
        return source_hash(item.spec.target)
    except PluginError as error:
        raise PluginError(f"{what}: {error}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise PluginError(f"{what}: its source cannot be parsed: {error}") from error


def _distribution_and_name(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name if point.dist else "", point.name)
