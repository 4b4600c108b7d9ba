"""Failures become one message on stderr and an exit code; a bug becomes a crash report."""

from __future__ import annotations

import platform
import shlex
import tempfile
import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zslbench.cli.output import tell

if TYPE_CHECKING:
    from zslbench.cli.session import Session
    from zslbench.disk import Failure

BUG, INPUT, INTERRUPTED = 1, 2, 130
SEVERITY = (0, 2, 3, 4, 5, 1)
"""Exit codes of several runs: the last of these that one of them has is the whole call's."""


def report(failure: BaseException, session: Session, prefix: str = "") -> int:
    """Print what ``failure`` means to a user and return its exit code.

    ``prefix`` says which of several runs failed.
    """
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        tell(failure.format_message())
        return INPUT
    known = _explain(failure)
    if known.exit_code == INTERRUPTED:
        tell(known.message)
        return INTERRUPTED
    if session.debug:
        tell("".join(traceback.format_exception(failure)).rstrip())
    if not known.is_bug:
        tell(f"error: {prefix}{known.message}")
        return known.exit_code
    summary = f"{type(failure).__name__}: {failure}"
    if session.debug:
        tell(f"error: {prefix}a bug in zslbench ({summary}); please report it with this traceback")
    else:
        tell(
            f"error: {prefix}a bug in zslbench ({summary}); please report it with the crash report "
            f"{_write_report(failure, session)}; --debug prints the traceback"
        )
    return BUG


def _explain(failure: BaseException) -> Failure:
    """What ``failure`` means: click's own by their text, all others as a record says them."""
    from zslbench.disk import Failure, explain_failure

    kind = type(failure).__name__
    if isinstance(failure, click.UsageError):
        return Failure(kind, _usage(failure), INPUT)
    if isinstance(failure, click.ClickException):
        return Failure(kind, failure.format_message(), INPUT)
    return explain_failure(KeyboardInterrupt() if isinstance(failure, click.Abort) else failure)


def _usage(failure: click.UsageError) -> str:
    text = failure.format_message().strip().rstrip(".")
    command = failure.ctx.command_path if failure.ctx else "zslbench"
    return f"{text[:1].lower()}{text[1:]}; see '{command} --help'"


def _write_report(failure: BaseException, session: Session) -> Path:
    """Write a crash report where one may write, and return its path."""
    from zslbench.machine import versions

    found = ", ".join(f"{name} {version}" for name, version in versions([]).items())
    text = "\n".join(
        (
            "zslbench crash report",
            f"command: {shlex.join(('zslbench', *session.command))}",
            f"system: {platform.system()} {platform.machine()}",
            f"versions: {found}",
            "",
            "".join(traceback.format_exception(failure)),
        )
    ).replace(str(Path.home()), "~")
    name = f"zslbench-crash-{datetime.now():%Y%m%d-%H%M%S-%f}.txt"
    path = Path(name)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:  # a folder that one may not write to
        path = Path(tempfile.gettempdir()) / name
        path.write_text(text, encoding="utf-8")
    return path
