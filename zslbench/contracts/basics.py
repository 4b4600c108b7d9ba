"""The words that all contracts share: arrays, roles, settings, and what a component may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Float32 = NDArray[np.float32]
    Floats = NDArray[np.floating[Any]]
    Int = NDArray[np.int64]
    Bool = NDArray[np.bool_]
    UInt8 = NDArray[np.uint8]

Role = Literal["seen", "unseen", "distractor"]
Candidates = Literal["seen", "unseen", "all", "unseen+distractors", "all+distractors"]
Metric = Literal["euclidean", "cosine"]
Setting = Literal["inductive", "train-unlabelled", "class-transductive", "instance-transductive"]
Curve = Literal["gate", "stacking"]
Progress = Callable[[int, int], None]  # (done, total)


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Context:
    """What a component may use while it works, besides its parameters."""

    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    progress: Progress = no_progress


@dataclass(frozen=True)
class Places:
    """Where files are, for the components that read some: data sets and embeddings."""

    data_dir: Path
    cache_dir: Path
    offline: bool = False
    skip_corrupt: bool = False
    progress: Progress = no_progress
