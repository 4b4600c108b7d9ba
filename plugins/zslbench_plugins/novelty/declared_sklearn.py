"""Detectors of scikit-learn by name."""

from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.sklearn_family.params import MAX_TRAIN, MEMORY_LIMIT

SPECS = (
    ComponentSpec(
        kind="novelty",
        name="sklearn/*",
        target="zslbench_plugins.sklearn_family.detector:SklearnDetector",
        members="zslbench_plugins.sklearn_family:novelty.json",
        summary="An outlier detector of scikit-learn; novelty > 0 is what it calls an outlier",
        reference="Pedregosa et al. 2011",
        params=(
            Param(
                "space", "str", "Z",
                "what it reads: features X, mapped ones Z, or the seen classifier's logits",
                choices=("X", "Z", "logits"),
            ),
            MAX_TRAIN,
            MEMORY_LIMIT,
        ),
    ),
)  # fmt: skip
