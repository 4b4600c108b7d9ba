"""Cards that depend on a parameter: which classes there are, or how many images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zslbench.contracts import DatasetCard


class CardByParameter:
    """A data set's ``card``: the one of ``cards`` that its parameter names.

    The class itself, and a value that is not among them, have the first one.
    """

    def __init__(self, parameter: str, cards: Mapping[str, DatasetCard]) -> None:
        self._parameter = parameter
        self._cards = cards

    def __get__(self, dataset: object | None, owner: type) -> DatasetCard:
        first = next(iter(self._cards))
        value = first if dataset is None else getattr(dataset, self._parameter)
        return self._cards.get(value, self._cards[first])
