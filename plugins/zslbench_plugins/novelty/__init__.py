"""Bundled novelty detectors: higher is more novel."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.novelty import declared_pyod, declared_scores, declared_sklearn

ZSLBENCH_API = 1


@hookimpl
def register_novelty(register: Register) -> None:
    """Offer the bundled novelty detectors."""
    register(GAUSSIAN)
    register(GAUSSIAN_MIXTURE)
    register(CLASS_GAUSSIAN)
    register(LOOP)
    register(LOGISTIC)
    for spec in (*declared_scores.SPECS, *declared_sklearn.SPECS, *declared_pyod.SPECS):
        register(spec)


GAUSSIAN = ComponentSpec(
    kind="novelty",
    name="gaussian",
    target="zslbench_plugins.novelty.gaussian:GaussianDetector",
    summary="An isotropic Gaussian round each seen class's word vector; one threshold by default",
    reference="Socher et al. 2013, § 5.1",
    params=(
        Param(
            "threshold", "str", "shared",
            "density thresholds T_y: equal for all classes, or one a class from its own training "
            "points, which gives a native cut",
            choices=("shared", "per-class"),
        ),
        Param(
            "kept", "float", 0.9,
            "share of a class's training points that reach T_y; read with per-class only",
            minimum=0, maximum=1, exclusive_minimum=True,
        ),
    ),
)  # fmt: skip

GAUSSIAN_MIXTURE = ComponentSpec(
    kind="novelty",
    name="gaussian-mixture",
    target="zslbench_plugins.novelty.gaussian_mixture:GaussianMixtureDetector",
    summary="Minus the log density of the mixture of the seen classes' isotropic Gaussians",
    reference="The code of Socher et al. 2013",
)

CLASS_GAUSSIAN = ComponentSpec(
    kind="novelty",
    name="class-gaussian",
    target="zslbench_plugins.novelty.class_gaussian:ClassGaussianDetector",
    summary="An isotropic Gaussian round each seen class's mean, in feature or word space",
    reference="Socher et al. 2013, § 6.5",
    params=(
        Param(
            "space", "str", "X", "what it reads: features X, or mapped ones Z", choices=("X", "Z")
        ),
    ),
)

LOGISTIC = ComponentSpec(
    kind="novelty",
    name="logistic-distance",
    target="zslbench_plugins.novelty.logistic_distance:LogisticDistanceDetector",
    summary="Logistic regression on the distance to the nearest seen word, learnt from folds; its "
    "probability is cut by --set gate.cut=probability:0.5",
    reference="The summary of Socher et al. 2013",
    params=(
        Param("folds", "int", 4, "groups of seen classes that play unseen in turn", minimum=2),
    ),
)

LOOP = ComponentSpec(
    kind="novelty",
    name="loop",
    target="zslbench_plugins.novelty.loop:LoopDetector",
    summary="Local outlier probability: how much less dense it is than round the neighbours",
    reference="Kriegel et al. 2009; Socher et al. 2013, § 5.1",
    params=(
        Param("k", "int", 20, "neighbours", minimum=1),
        Param("lam", "floats", (3.0,), "λ: one number, or one a seen class (per-class only)"),
        Param(
            "contexts", "str", "pooled",
            "neighbours of all seen classes, or of each in turn with the least novelty over them",
            choices=("pooled", "per-class"),
        ),
        Param(
            "denominator", "str", "own",
            "pdist of the neighbours in their own contexts, or as the paper prints it",
            choices=("own", "paper"),
        ),
        Param("root2", "bool", False, "divide by √2 before erf, as Kriegel et al. do"),
    ),
)  # fmt: skip
