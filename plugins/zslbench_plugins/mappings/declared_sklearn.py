"""Mappings of scikit-learn by name, and the one that maps nothing."""

from zslbench.specs import ComponentSpec
from zslbench_plugins.sklearn_family.params import MAX_TRAIN, MEMORY_LIMIT

SPECS = (
    ComponentSpec(
        kind="mapping",
        name="identity",
        target="zslbench_plugins.mappings.identity:IdentityMapping",
        summary="Nothing is mapped: features and class vectors of one image–text space",
        reference="Radford et al. 2021, § 3.1",
    ),
    ComponentSpec(
        kind="mapping",
        name="sklearn/*",
        target="zslbench_plugins.sklearn_family.mapping:SklearnMapping",
        members="zslbench_plugins.sklearn_family:mapping.json",
        summary="A regression of scikit-learn, of the class vectors on the features",
        reference="Pedregosa et al. 2011",
        params=(MAX_TRAIN, MEMORY_LIMIT),
    ),
)
