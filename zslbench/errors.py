"""The few kinds of failure that a user can meet, each with the exit code of the command line.

Every message says four things: the thing, its value, what is allowed, the next step.
"""

from __future__ import annotations


class ZSLBenchError(Exception):
    """Base of all failures that zslbench raises on purpose."""

    exit_code = 1


class InputError(ZSLBenchError):
    """What the user asked for cannot be: an unknown name, a value out of bounds, a bad split."""

    exit_code = 2


class DataError(ZSLBenchError):
    """Data, vectors or weights are absent or damaged."""

    exit_code = 3


class PluginError(ZSLBenchError):
    """A plugin cannot be loaded, or a component breaks its contract."""

    exit_code = 4


class EnvironmentFailure(ZSLBenchError):
    """The machine refuses: a full or read-only disk, a missing permission, a lock held too long."""

    exit_code = 5
