"""Parameters that several components share; read at registration, so nothing heavy here."""

from zslbench.specs import Param

MEMORY_LIMIT_GB = 4.0

MAX_TRAIN = Param(
    "max_train", "int", None,
    "fit on a seeded subsample of this many training images, every class in proportion; none: all",
    minimum=1, optional=True,
)  # fmt: skip
MEMORY_LIMIT = Param(
    "memory_limit", "float", MEMORY_LIMIT_GB,
    "GB (10⁹ bytes) that a fit may take beside the features; one that would take more, or more "
    "than is free, does not start",
    minimum=0, exclusive_minimum=True,
)  # fmt: skip
