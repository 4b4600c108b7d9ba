"""Detectors that read the seen classifier's scores, or distances in feature space."""

from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.sklearn_family.params import MAX_TRAIN, MEMORY_LIMIT

SPACE = Param(
    "space", "str", "X", "what it reads: features X, or mapped ones Z", choices=("X", "Z")
)

SPECS = (
    ComponentSpec(
        kind="novelty",
        name="max-softmax",
        target="zslbench_plugins.novelty.confidence:MaxSoftmaxDetector",
        summary="Minus the logarithm of the seen classifier's largest probability",
        reference="Hendrycks & Gimpel 2017, § 3; temperature: Liang, Li & Srikant 2018, § 3",
        params=(
            Param(
                "temperature", "float", 1.0, "divides the logits: larger is softer",
                minimum=0, exclusive_minimum=True,
            ),
        ),
    ),
    ComponentSpec(
        kind="novelty",
        name="entropy",
        target="zslbench_plugins.novelty.confidence:EntropyDetector",
        summary="Entropy of the seen classifier's probabilities",
        reference="Shannon 1948, § 6",
    ),
    ComponentSpec(
        kind="novelty",
        name="energy",
        target="zslbench_plugins.novelty.confidence:EnergyDetector",
        summary="Free energy −T log Σ exp(logit / T) of the seen classifier's logits",
        reference="Liu et al. 2020, § 3.1",
        params=(
            Param(
                "temperature", "float", 1.0, "T", minimum=0, exclusive_minimum=True,
            ),
        ),
    ),
    ComponentSpec(
        kind="novelty",
        name="mahalanobis",
        target="zslbench_plugins.novelty.mahalanobis:MahalanobisDetector",
        summary="Squared Mahalanobis distance to the nearest class mean, one covariance for all",
        reference="Lee et al. 2018, § 2.1; shrinkage: Ledoit & Wolf 2004",
        params=(
            SPACE,
            Param(
                "shrinkage", "float", None,
                "share of the mean variance in the covariance; none: Ledoit and Wolf's estimate",
                minimum=0, maximum=1, optional=True,
            ),
            MEMORY_LIMIT,
        ),
    ),
    ComponentSpec(
        kind="novelty",
        name="knn",
        target="zslbench_plugins.novelty.knn:NeighbourDetector",
        summary="Distance to the k-th nearest training image",
        reference="Sun et al. 2022, § 3",
        params=(
            SPACE,
            Param("k", "int", 50, "which neighbour; 50 is theirs for CIFAR-10", minimum=1),
            Param("normalise", "bool", True, "features to unit length first, as they do"),
            MAX_TRAIN,
            MEMORY_LIMIT,
        ),
    ),
)  # fmt: skip
