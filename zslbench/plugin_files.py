"""Work in progress: a plugin from a module's name or from a file, without installing it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from zslbench.errors import InputError, PluginError, ZSLBenchError


def load_plugin(name: str) -> ModuleType:
    """Import ``package.module`` or ``path/to/file.py``.

    A file is importable by its stem afterwards, so that its ComponentSpecs can name targets in it.
    Raises InputError for a missing file, PluginError for one that cannot be imported.
    """
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        path = Path(name)
        if not path.is_file():
            raise InputError(f"plugin file {name!r} does not exist: give a module or a .py file")
        return _import_file(path)
    except ZSLBenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever the plugin's own code raises
        raise PluginError(
            f"plugin {name!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _import_file(path: Path) -> ModuleType:
    name, file = path.stem, path.resolve()
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    if known is not None or _is_elsewhere(name, file):
        raise PluginError(
            f"plugin file {str(path)!r}: another module is called {name!r} already; rename the file"
        )
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin file {str(path)!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_elsewhere(name: str, file: Path) -> bool:
    """Would ``import name`` find something else, which the file would then hide?"""
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    return found is not None and found.origin is not None and Path(found.origin) != file
