"""What one call of ``zslbench`` carries from its options to its commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from zslbench.registry import Registry

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Session:
    """Options of the whole call, and the registry that they lead to."""

    plugins: list[str] = field(default_factory=list)
    debug: bool = False
    command: tuple[str, ...] = ()  # as it was typed, for a crash report

    @cached_property
    def registry(self) -> Registry:
        """Every component of the installed plugins and of ``--plugin``; raises PluginError."""
        from zslbench.registry import Registry

        return Registry.discover(self.plugins)


pass_session = click.make_pass_decorator(Session)


def plugin_option(command: Command) -> Command:
    """Add ``--plugin`` to a command; what it names is added to the session."""
    return click.option(
        "--plugin",
        metavar="MODULE_OR_PATH",
        multiple=True,
        expose_value=False,
        is_eager=True,  # before --help, which lists the plugins' commands
        callback=_add_plugins,
        help="Load a plugin that is not installed: a module, or a .py file. Repeatable.",
    )(command)


def _add_plugins(ctx: click.Context, _: click.Parameter, values: tuple[str, ...]) -> None:
    session = ctx.find_object(Session)
    if session is not None:
        session.plugins.extend(name for name in values if name not in session.plugins)
