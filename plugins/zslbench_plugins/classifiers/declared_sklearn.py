"""Classifiers of scikit-learn by name."""

from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.sklearn_family.params import MAX_TRAIN, MEMORY_LIMIT

SPECS = (
    ComponentSpec(
        kind="classifier",
        name="sklearn/*",
        target="zslbench_plugins.sklearn_family.classifier:SklearnClassifier",
        members="zslbench_plugins.sklearn_family:classifier.json",
        summary="A classifier of scikit-learn, for classes that there are images of",
        reference="Pedregosa et al. 2011",
        params=(
            Param(
                "space", "str", "X", "what it reads: features X, or mapped ones Z",
                choices=("X", "Z"),
            ),
            MAX_TRAIN,
            MEMORY_LIMIT,
        ),
    ),
)  # fmt: skip
