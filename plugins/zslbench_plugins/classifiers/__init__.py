"""Bundled classifiers: for seen classes, for unseen ones, or for both."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.classifiers import declared_sklearn

ZSLBENCH_API = 1


@hookimpl
def register_classifiers(register: Register) -> None:
    """Offer the bundled classifiers."""
    register(SOFTMAX)
    register(NEAREST_WORD)
    register(ISOTROPIC_GAUSSIAN)
    register(SAMPLED_SOFTMAX)
    for spec in declared_sklearn.SPECS:
        register(spec)


SOFTMAX = ComponentSpec(
    kind="classifier",
    name="softmax",
    target="zslbench_plugins.classifiers.softmax:SoftmaxClassifier",
    summary="Softmax regression on the features, solved to a certified gap",
    reference="Socher et al. 2013, § 5 (seen classes)",
    params=(
        Param("ridge", "float", 1e-3, "weight decay", minimum=0, exclusive_minimum=True),
        Param(
            "gap", "float", 1e-2, "relative gap to the optimum", minimum=0, exclusive_minimum=True
        ),
        Param("max_passes", "int", 1000, "passes over the features before giving up", minimum=1),
        Param(
            "reads",
            "str",
            "features",
            "features alone, or the mapped point beside them",
            choices=("features", "features+mapped"),
        ),
    ),
)

NEAREST_WORD = ComponentSpec(
    kind="classifier",
    name="nearest-word",
    target="zslbench_plugins.classifiers.nearest_word:NearestWordClassifier",
    summary="The class whose word vector is nearest to the mapped image",
    reference="Socher et al. 2013, § 5 (unseen classes: isotropic Gaussians of one width)",
    params=(
        Param(
            "candidates", "str", "unseen", "classes it chooses among as unseen classifier",
            choices=("unseen", "all", "unseen+distractors", "all+distractors"),
        ),
    ),
)  # fmt: skip

ISOTROPIC_GAUSSIAN = ComponentSpec(
    kind="classifier",
    name="isotropic-gaussian",
    target="zslbench_plugins.classifiers.isotropic_gaussian:IsotropicGaussianClassifier",
    summary="Gaussians of one width round the word vectors: nearest-word with calibrated scores",
    reference="Socher et al. 2013, § 5 (unseen classes)",
    params=(
        Param(
            "candidates", "str", "unseen", "classes it chooses among as unseen classifier",
            choices=("unseen", "all", "unseen+distractors", "all+distractors"),
        ),
        Param(
            "width", "str", "held-out",
            "σ: from held-out seen images round their own words, from training ones (train, "
            "optimistic), or a number > 0 (1 in the authors' code)",
        ),
    ),
)  # fmt: skip

SAMPLED_SOFTMAX = ComponentSpec(
    kind="classifier",
    name="sampled-softmax",
    target="zslbench_plugins.classifiers.sampled_softmax:SampledSoftmaxClassifier",
    summary="Softmax without bias, trained on word vectors and draws of N(w, I) round them",
    reference="The code of Socher et al. 2013",
    params=(
        Param(
            "candidates", "str", "unseen", "classes it chooses among as unseen classifier",
            choices=("unseen", "all", "unseen+distractors", "all+distractors"),
        ),
        Param("draws", "int", 99, "draws a class, besides its word vector", minimum=1),
        Param("ridge", "float", 1e-3, "weight decay", minimum=0, exclusive_minimum=True),
    ),
)  # fmt: skip
