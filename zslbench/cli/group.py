"""The group of commands, each imported when it is run; failures end here."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

from zslbench import __version__
from zslbench.cli.failures import report
from zslbench.cli.output import readers_may_leave, warn
from zslbench.cli.session import Session, plugin_option
from zslbench.errors import InputError, PluginError

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("zslbench.cli.run:run", "Run a method on a data set and score it."),
    "score": ("zslbench.cli.score:score", "Score predictions made elsewhere."),
    "list": ("zslbench.cli.list:list_components", "List components, or plugins."),
    "show": ("zslbench.cli.show:show", "Show one component: parameters, recipe, reference."),
    "data": ("zslbench.cli.data:data", "See which data sets are here, their cards; fetch them."),
    "cache": ("zslbench.cli.cache:cache", "See what the cache holds; make it smaller."),
    "leaderboard": (
        "zslbench.cli.leaderboard:leaderboard",
        "Publish runs; build, show and check leaderboards.",
    ),
}
"""Command → where it is, and its line of help, which is read without importing it."""


class Harness(click.Group):
    """``zslbench``: its own commands and those of plugins, imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands: zslbench's own, then the plugins'."""
        return [*COMMANDS, *_added(_session(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command ``cmd_name``; raise PluginError where a plugin's is broken."""
        if cmd_name in COMMANDS:
            return _load(COMMANDS[cmd_name][0], "zslbench")
        added = _session(ctx).registry.command(cmd_name)
        return _load(added.target, added.plugin) if added else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that ``args`` begin with; raise InputError with the nearest names."""
        name = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            from zslbench.params import suggest

            near = suggest(name, self.list_commands(ctx)) or ";"
            raise InputError(f"unknown command {name!r}{near} see 'zslbench --help'")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their line of help, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
        added = _added(_session(ctx))
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(list(added.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the group's own options."""
        with readers_may_leave():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; what it returns is dropped, so that it is no exit code."""
        with readers_may_leave():
            super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit: 0, 1 a bug, 2 input, 3 data, 4 plugin, 5 environment."""
        words = list(sys.argv[1:] if args is None else args)
        session = extra.setdefault("obj", Session(command=tuple(words)))
        if not standalone_mode:
            return super().main(words, prog_name, complete_var, False, **extra)
        try:
            with _termination_as_interrupt(), _plain_warnings(session):
                code = super().main(words, prog_name or "zslbench", complete_var, False, **extra)
        except (Exception, KeyboardInterrupt) as failure:
            code = report(failure, session)
        sys.exit(code or 0)


@click.group("zslbench", cls=Harness, context_settings={"help_option_names": ["-h", "--help"]})
@plugin_option
@click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, value: setattr(_session(ctx), "debug", value),
    help="Print tracebacks.",
)
@click.version_option(__version__, prog_name="zslbench", message="%(prog)s %(version)s")
def main() -> None:
    """zslbench: a plugin-based evaluation harness for zero-shot recognition.

    A first run, without any download:  zslbench run --method socher2013 --dataset shapes
    """


def _session(ctx: click.Context) -> Session:
    return ctx.ensure_object(Session)


def _added(session: Session) -> dict[str, str]:
    """The plugins' commands with their line of help; a name of zslbench's own is not theirs."""
    added: dict[str, str] = {}
    for command in session.registry.commands:
        if command.name in COMMANDS:
            warn(
                f"command {command.name!r} of plugin {command.plugin!r} is hidden by zslbench's "
                "own: rename it"
            )
        else:
            added[command.name] = command.help
    return added


def _load(target: str, plugin: str) -> click.Command:
    module, _, name = target.partition(":")
    try:
        command = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PluginError(
            f"command at {target!r} of plugin {plugin!r} cannot be imported: {error}"
        ) from error
    if not isinstance(command, click.Command):
        raise PluginError(
            f"command at {target!r} of plugin {plugin!r} is a {type(command).__name__}; expected "
            "a click command"
        )
    return command


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: with a record that says so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _plain_warnings(session: Session) -> Iterator[None]:
    """Print each warning once, as a person reads it; with --debug also where it comes from."""
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG001
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        text = str(message)
        if not issubclass(category, UserWarning):
            text = f"{category.__name__}: {text}"
        if session.debug:
            text += f" ({filename}:{lineno})"
        if text not in shown:
            shown.add(text)
            warn(text)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
