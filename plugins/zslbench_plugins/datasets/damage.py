"""What a damaged file makes its reader raise becomes an error that names it and the remedy."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from zslbench.errors import DataError, EnvironmentFailure


def remedy_of(dataset: str, *, what: str = "archive") -> str:
    """Say how the data set called ``dataset`` gets rid of a damaged file."""
    return f"move it away, then 'zslbench data fetch {dataset}' brings the official {what}"


@contextmanager
def damage_named(title: str, remedy: str) -> Iterator[None]:
    """Turn what a damaged file makes its reader raise into a DataError that names the file.

    A file that may not be read is an EnvironmentFailure.
    """
    try:
        yield
    except PermissionError as error:
        raise EnvironmentFailure(
            f"cannot read {title}: permission denied; make it readable"
        ) from error
    except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{title} is damaged ({reason}); {remedy}") from error
