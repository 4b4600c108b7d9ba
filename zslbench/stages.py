"""The outputs of stages, kept by content: the same inputs, parameters and code give the same file.

A key is everything that an output depends on, as plain data; the file's name is its hash. Outputs
are arrays (safetensors), never fitted objects: there is nothing to unpickle, and runs that have a
stage in common share it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from zslbench.disk import DamagedFileWarning, locked, refusals_named, replacing
from zslbench.errors import DataError
from zslbench.hashes import hash_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from zslbench.contracts import Progress
    from zslbench.monitor import Monitor

Arrays = Mapping[str, "NDArray[Any]"]


class Stages:
    """A run's access to the stage cache under ``root``."""

    def __init__(self, root: Path, monitor: Monitor) -> None:
        self.root = root
        self.monitor = monitor

    def arrays(
        self,
        stage: str,
        key: Mapping[str, Any],
        compute: Callable[[Progress], Arrays],
        note: str = "",
        inputs: Callable[[], object] = tuple,
    ) -> Arrays:
        """Return the stage's arrays from the cache, else ``compute(progress)`` and keep them.

        ``inputs`` opens what ``compute`` will read, so that the stages before are measured by
        themselves; where the output is in the cache they are not opened at all. A damaged output
        is warned of (DamagedFileWarning), and made again. Raises EnvironmentFailure where the disk
        refuses.
        """
        path = self.path(stage, key)
        with refusals_named(path, "--cache-dir"), self.guard(path, stage):
            if path.is_file():
                try:
                    kept = load_arrays(path)
                except DataError as error:
                    warnings.warn(f"{error}: computed again", DamagedFileWarning, stacklevel=2)
                else:
                    path.touch()
                    self.monitor.cached(stage)
                    return kept
            inputs()
            with self.monitor.stage(stage, note) as progress:
                made = compute(progress)
                save_arrays(path, made)
            return made

    def guard(self, path: Path, stage: str) -> AbstractContextManager[None]:
        """Hold ``path``'s lock; where another run holds it, say so and wait."""
        return locked(self.lock_path(path), lambda: self.monitor.waiting(stage))

    def path(self, stage: str, key: Mapping[str, Any]) -> Path:
        """Where the output of ``stage`` under ``key`` is or will be."""
        return self.root / "stages" / f"{stage}-{hash_json(key)[:32]}.safetensors"

    def lock_path(self, path: Path) -> Path:
        """The lock that guards ``path``."""
        return self.root / "locks" / f"{path.name}.lock"


def load_arrays(path: Path) -> Arrays:
    """Read a safetensors file; raise DataError where it is damaged."""
    try:
        arrays: Arrays = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is damaged ({error})") from error
    return arrays


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write a safetensors file atomically; raise OSError where the disk refuses."""
    # ascontiguousarray makes a row of a single number: it is to stay one.
    contiguous = {n: np.ascontiguousarray(a).reshape(np.shape(a)) for n, a in arrays.items()}
    with replacing(path) as temporary:
        try:
            save_file(contiguous, temporary)
        except SafetensorError as error:
            # safetensors tells a system's refusal by its text alone.
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), str(error), str(path)) from error
