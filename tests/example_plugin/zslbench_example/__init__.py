"""An example plugin: what it offers, as plain data. Nothing heavy is imported here."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param

__version__ = "0.1.0"
ZSLBENCH_API = 1


@hookimpl
def register_mappings(register: Register) -> None:
    """Offer a mapping."""
    register(CENTROID)


@hookimpl
def register_novelty(register: Register) -> None:
    """Offer a novelty detector."""
    register(NEAREST_PROTOTYPE)


@hookimpl
def register_datasets(register: Register) -> None:
    """Offer a data set."""
    register(STRIPES)


CENTROID = ComponentSpec(
    kind="mapping",
    name="centroid",
    target="zslbench_example.centroid:CentroidMapping",
    summary="Ridge regression from each class's mean feature vector to its class vector",
    params=(
        Param(
            "ridge",
            "float",
            0.1,
            "penalty, as a share of the mean squared length of a centroid",
            minimum=0,
            exclusive_minimum=True,
        ),
    ),
)

NEAREST_PROTOTYPE = ComponentSpec(
    kind="novelty",
    name="nearest-prototype-distance",
    target="zslbench_example.prototype_distance:PrototypeDistanceDetector",
    summary="Distance to the nearest seen class vector",
    params=(
        Param("scaled", "bool", True, "measure in units of each class's own typical distance"),
    ),
)

STRIPES = ComponentSpec(
    kind="dataset",
    name="stripes",
    target="zslbench_example.stripes:Stripes",
    summary="Striped squares of 3 colours × 3 directions, 16 × 16, with sentences; two unseen",
    params=(
        Param("images_per_class", "int", 48, "images drawn of each class", minimum=4),
        Param("noise", "float", 20.0, "standard deviation of the noise, in grey levels", minimum=0),
    ),
)
