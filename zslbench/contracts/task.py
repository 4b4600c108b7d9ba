"""What a method gets, and the labels that it does not get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from zslbench.contracts.basics import Bool, Int
    from zslbench.contracts.classes import ClassTable
    from zslbench.contracts.data import ImageSource


@dataclass(frozen=True)
class SeenData:
    """Labelled images (or features) of seen classes, the validation part apart."""

    train: Any  # ImageSource, or X (n, d) for a method whose input is "features"
    train_labels: Int
    validation: Any
    validation_labels: Int


@dataclass(frozen=True)
class OpenTask:
    """All that a method ever gets: test images come without labels, paths or order."""

    seen: SeenData
    classes: ClassTable
    test: Any  # ImageSource, or X (n, d)
    unlabelled: ImageSource | None = None  # every training image, for setting "train-unlabelled"


@dataclass(frozen=True)
class TestLabels:
    """The sealed labels of the test images; only the scorer receives them."""

    __test__: ClassVar[bool] = False  # not a test class, whatever its name makes pytest think

    y: Int
    is_unseen: Bool
