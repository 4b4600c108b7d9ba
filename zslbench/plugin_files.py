"""Work in progress: a plugin from a module's name or from a file, without installing it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from zslbench.errors import InputError, PluginError


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
    except InputError:
        raise
    except Exception as error:  # whatever the plugin's own code raises
        raise PluginError(
            f"plugin {name!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _import_file(path: Path) -> ModuleType:
    known = sys.modules.get(path.stem)
    if known is not None:
        if getattr(known, "__file__", None) == str(path.resolve()):
            return known
        raise PluginError(f"its name {path.stem!r} is taken by another module: rename the file")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise PluginError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module
