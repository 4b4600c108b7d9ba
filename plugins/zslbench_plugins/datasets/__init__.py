"""Bundled data sets."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.datasets.declared_folders import SPECS as FOLDERS
from zslbench_plugins.datasets.declared_images import SPECS

ZSLBENCH_API = 1


@hookimpl
def register_datasets(register: Register) -> None:
    """Offer the bundled data sets."""
    register(CIFAR10)
    register(SHAPES)
    for spec in (*SPECS, *FOLDERS):
        register(spec)


CIFAR10 = ComponentSpec(
    kind="dataset",
    name="cifar10",
    target="zslbench_plugins.datasets.cifar10:Cifar10",
    summary="60,000 photographs of ten things, 32 × 32; cat and truck unseen",
    reference="Krizhevsky 2009; the split of Socher et al. 2013, § 6",
)

SHAPES = ComponentSpec(
    kind="dataset",
    name="shapes",
    target="zslbench_plugins.datasets.shapes:Shapes",
    summary="Drawn shapes (texture × colour × form) with captions; needs no file and no network",
    params=(
        Param(
            "images_per_class", "int", 200, "images of each class, a quarter for testing", minimum=4
        ),
        Param("seed", "int", 0, "draws other images and sentences", minimum=0, maximum=2**32 - 1),
    ),
)
