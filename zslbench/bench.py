"""What a method works with during one run: data, task, components, caches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zslbench.images import images_at
from zslbench.resize import PreparedImages

if TYPE_CHECKING:
    from zslbench.contracts import Context, Dataset, ImageSource, Int, Places, Progress
    from zslbench.hashes import FileHashes
    from zslbench.images import ImagePart, StoredDataset
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef
    from zslbench.stages import Stages
    from zslbench.tasks import Task


@dataclass(frozen=True)
class Bench:
    """One run's surroundings. ``identities`` are the slots' refs as plain data, contents hashed."""

    registry: Registry
    stages: Stages
    places: Places
    context: Context
    dataset: Dataset
    data: StoredDataset
    task: Task
    refs: Mapping[str, ComponentRef]
    identities: Mapping[str, Mapping[str, Any]]
    contents: Mapping[str, list[list[str]]]  # slot → [base name, sha256] of the files it reads
    hashes: FileHashes
    base_key: Mapping[str, Any]  # code and library versions, threads, device: in every stage's key
    distractors: tuple[str, ...] = ()  # words that no image is of

    def key(self, **parts: Any) -> dict[str, Any]:
        """A stage's key: ``parts`` on top of what all stages depend on."""
        return {**self.base_key, **parts}

    def create(self, slot: str) -> Any:
        """Construct the component that fills ``slot``."""
        return self.registry.create(self.refs[slot])

    def what(self, slot: str) -> str:
        """The component of ``slot`` as errors name it: kind, name and plugin."""
        return self.registry.describe(self.refs[slot])

    def images(self, part: ImagePart, rows: Int) -> ImageSource:
        """The images of ``part`` at ``rows``, without their labels, as their reader prepares them.

        That is the backbone, or a method that has none and reads images itself.
        """
        reader = "backbone" if "backbone" in self.refs else "method"
        # A new one will do: what it prepares depends on its parameters alone.
        return PreparedImages(images_at(part.pixels, rows), self.create(reader), self.what(reader))

    def telling(self, progress: Progress) -> Context:
        """The context with ``progress`` as its listener."""
        return replace(self.context, progress=progress)

    @contextmanager
    def calling(self, slot: str, step: str) -> Iterator[None]:
        """Name the component at fault where its own code fails in ``step``."""
        with self.registry.calling(self.refs[slot], step):
            yield
