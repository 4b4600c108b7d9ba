"""A component's source hash: a cache must not answer for code that has changed since."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from zslbench.errors import PluginError


@cache
def source_hash(target: str) -> str:
    """Return the sha256 of the module in ``module:Class`` and of what it imports of its package.

    The modules are read, not imported. A package's ``__init__.py`` counts where a name is imported
    from it that is not a module. Compiled code and data files are not seen, nor are other
    distributions: a component whose output depends on those raises its spec's ``version``. The
    harness's own modules are left out: their version stands in the run's identity by itself.
    """
    module = target.partition(":")[0]
    package = module.partition(".")[0]
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = None if name in found else _locate(name)
        if path is None:
            continue
        found[name] = path.read_bytes()
        waiting += [n for n in _imports(found[name], name, path) if n.partition(".")[0] == package]
    if module not in found:
        raise PluginError(f"component target {target!r}: no module {module!r} with Python source")
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + hashlib.sha256(found[name]).digest())
    return digest.hexdigest()


def _locate(module: str) -> Path | None:
    """The .py file of a module or package; nothing but its top-level package is looked up."""
    top, *rest = module.split(".")
    loaded = sys.modules.get(top)
    file, roots = getattr(loaded, "__file__", None), list(getattr(loaded, "__path__", ()))
    if loaded is None:
        try:
            spec = find_spec(top)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        file, roots = spec.origin, list(spec.submodule_search_locations or ())
    places = [Path(file)] if file and not rest else []
    for root in roots if rest else ():
        inner = Path(root, *rest)
        places += [inner.with_name(inner.name + ".py"), inner / "__init__.py"]
    return next((p for p in places if p.suffix == ".py" and p.is_file()), None)


def _imports(code: bytes, module: str, path: Path) -> Iterator[str]:
    """The modules that ``code`` imports; of ``from package import name`` the package, or its
    module of that name."""
    parent = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = parent.split(".")[: len(parent.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if _locate(inner) else base
