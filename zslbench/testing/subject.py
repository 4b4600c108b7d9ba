"""The component under test, and how its failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zslbench.errors import DataError, PluginError

if TYPE_CHECKING:
    from zslbench.contracts import Places
    from zslbench.registry import Registry
    from zslbench.specs import ComponentRef, ComponentSpec


class ContractBreach(PluginError):
    """A component breaks its contract; the message names it, what it did and what was expected."""


@dataclass(frozen=True)
class Subject:
    """A component as registered and resolved; every check starts from a new instance."""

    registry: Registry
    ref: ComponentRef
    spec: ComponentSpec

    @property
    def what(self) -> str:
        """How messages name it: kind, name, plugin."""
        return self.registry.describe(self.ref)

    def create(self) -> Any:
        """Construct it, as a run would."""
        with self.calling("its constructor"):
            return self.registry.create(self.ref)

    @contextmanager
    def calling(self, step: str) -> Iterator[None]:
        """Turn whatever its own code raises in ``step`` into ContractBreach."""
        try:
            yield
        except ContractBreach:
            raise
        except PluginError as error:
            raise ContractBreach(str(error)) from error
        except Exception as error:  # the component's own code
            raise ContractBreach(
                f"{self.what} failed in {step} on small synthetic inputs: "
                f"{type(error).__name__}: {error}"
            ) from error

    def find_files(self, component: Any, places: Places) -> None:
        """Ask for its sources; DataError where they are absent is an answer too."""
        try:
            component.sources(places)
        except DataError:
            raise
        except Exception as error:  # the component's own code
            raise ContractBreach(
                f"{self.what} failed in sources: {type(error).__name__}: {error}; expected the "
                "paths of its files, or a DataError that says what to fetch"
            ) from error

    def require(self, held: bool, breach: str) -> None:
        """Raise ContractBreach with ``breach`` unless ``held``."""
        if not held:
            raise ContractBreach(f"{self.what} broke its contract: {breach}")
