"""A component's source hash: a cache must not answer for code that has changed since."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from zslbench.errors import PluginError


@cache
def source_hash(target: str) -> str:
    """Return the sha256 of the module in ``module:Class`` and of what it imports of its package.

    The modules are read, not imported. The harness's own modules are left out: their version
    stands in the run's identity by itself.
    """
    module = target.partition(":")[0]
    package = module.partition(".")[0]
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = None if name in found else _origin(name, package_too=name == module)
        if path is None:
            continue
        found[name] = path.read_bytes()
        waiting += [n for n in _imports(found[name], name) if n.partition(".")[0] == package]
    if module not in found:
        raise PluginError(f"component target {target!r}: no module {module!r} with Python source")
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + hashlib.sha256(found[name]).digest())
    return digest.hexdigest()


def _origin(module: str, *, package_too: bool) -> Path | None:
    """The .py file of a module; that of a package, mostly its list of contents, if asked for."""
    import sys

    loaded = sys.modules.get(module)
    if loaded is not None and getattr(loaded, "__file__", None):
        path = Path(str(loaded.__file__))
    else:
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):
            return None
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin)
    wanted = path.suffix == ".py" and (package_too or path.name != "__init__.py")
    return path if wanted else None


def _imports(code: bytes, module: str) -> Iterator[str]:
    parent = module.rpartition(".")[0]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = parent.split(".")[: len(parent.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
