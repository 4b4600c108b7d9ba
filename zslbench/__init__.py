"""zslbench: a plugin-based evaluation harness for zero-shot recognition.

>>> import zslbench
>>> record = zslbench.evaluate("socher2013", "shapes")
>>> record.scores.H
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zslbench.api import evaluate, open_dataset, score_predictions
    from zslbench.errors import (
        DataError,
        EnvironmentFailure,
        InputError,
        PluginError,
        ZSLBenchError,
    )
    from zslbench.grid import read_plan
    from zslbench.grid_run import GridRow, evaluate_grid, plan_grid
    from zslbench.hookspecs import hookimpl
    from zslbench.predictions import read_predictions
    from zslbench.record import Record, read_record
    from zslbench.registry import Registry
    from zslbench.report import write_report
    from zslbench.score import Scores
    from zslbench.specs import ComponentSpec, Param, Recipe

__version__ = "0.1.0"

_HOMES = {
    "evaluate": "api",
    "evaluate_grid": "grid_run",
    "open_dataset": "api",
    "plan_grid": "grid_run",
    "GridRow": "grid_run",
    "read_plan": "grid",
    "score_predictions": "api",
    "read_record": "record",
    "read_predictions": "predictions",
    "write_report": "report",
    "Record": "record",
    "Registry": "registry",
    "Scores": "score",
    "hookimpl": "hookspecs",
    "ComponentSpec": "specs",
    "Param": "specs",
    "Recipe": "specs",
    "ZSLBenchError": "errors",
    "InputError": "errors",
    "DataError": "errors",
    "PluginError": "errors",
    "EnvironmentFailure": "errors",
}

__all__ = [
    "ComponentSpec",
    "DataError",
    "EnvironmentFailure",
    "GridRow",
    "InputError",
    "Param",
    "PluginError",
    "Recipe",
    "Record",
    "Registry",
    "Scores",
    "ZSLBenchError",
    "__version__",
    "evaluate",
    "evaluate_grid",
    "hookimpl",
    "open_dataset",
    "plan_grid",
    "read_plan",
    "read_predictions",
    "read_record",
    "score_predictions",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a public name at first use: ``import zslbench`` alone stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'zslbench' has no attribute {name!r}")
    return getattr(import_module(f"zslbench.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
