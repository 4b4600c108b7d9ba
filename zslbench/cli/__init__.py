"""The command line: a file a command. It adds nothing to the Python interface."""

from __future__ import annotations

from zslbench.cli.group import main

__all__ = ["main"]
