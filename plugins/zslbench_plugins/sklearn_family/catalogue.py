"""The members of the families and what the user may set of each, as scikit-learn does not say it.

Types and defaults come from scikit-learn's own signatures (``table``); help, bounds and choices,
and the few defaults that differ, stand here. A default that differs says so in its help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["mapping", "novelty", "classifier"]
SLOT: Mapping[Kind, str] = MappingProxyType(
    {"mapping": "mapping", "novelty": "novelty", "classifier": "seen_classifier"}
)
THEIRS: Any = object()  # the default is scikit-learn's


@dataclass(frozen=True)
class Own:
    """What scikit-learn's signature does not say of a parameter.

    ``type`` stands where the default does not tell it; ``none`` is the word that scikit-learn wants
    where the user says none ("auto", "scale"); ``optional`` where that is None itself.
    """

    name: str
    help: str
    type: str | None = None
    default: Any = THEIRS
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    choices: tuple[str, ...] | None = None
    optional: bool = False
    none: str | None = None


@dataclass(frozen=True)
class Member:
    """A class of scikit-learn: ``module``, what it is, and how it is fitted.

    ``fixed`` is passed beside what the user sets; ``double`` computes in float64; ``budget`` is
    the parameter that may stop the fit early without harm, since the objective is not convex.
    """

    kind: Kind
    module: str
    summary: str
    reference: str
    params: tuple[Own, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    double: bool = False
    budget: bool = False


def _positive(name: str, help: str, **more: Any) -> Own:
    return Own(name, help, minimum=0, exclusive_minimum=True, **more)


def _count(name: str, help: str, **more: Any) -> Own:
    return Own(name, help, minimum=1, **more)


SEARCH = Own(
    "algorithm", "how neighbours are searched",
    choices=("auto", "ball_tree", "kd_tree", "brute"),
)  # fmt: skip
LEAF = _count("leaf_size", "points in a leaf of a search tree: speed, not results")
METRIC = Own(
    "metric", "distance; cosine is searched by brute force only",
    choices=("minkowski", "euclidean", "manhattan", "chebyshev", "cosine"),
)  # fmt: skip
POWER = Own("p", "power of the minkowski distance", type="float", default=2.0, minimum=1)
DEGREE = Own("degree", "of the poly kernel", type="int", default=3, minimum=0)
CONTAMINATION = Own(
    "contamination", "share of training images beyond the native cut; none: the method's own cut",
    type="float", minimum=0, maximum=0.5, exclusive_minimum=True, none="auto",
)  # fmt: skip

MAPPINGS = {
    "Ridge": Member(
        "mapping", "sklearn.linear_model", "Linear least squares with a ridge and an intercept",
        "Hoerl & Kennard 1970",
        (
            Own("alpha", "ridge on the sum of squares, not on its mean", minimum=0),
            Own("fit_intercept", "learn an intercept too"),
            Own(
                "solver", "how it is solved; auto: Cholesky, in closed form",
                choices=("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"),
            ),
            _count("max_iter", "of iterative solvers; none: theirs", type="int", optional=True),
            Own("tol", "precision of iterative solvers", minimum=0),
        ),
        fixed={"copy_X": False},  # the adapter's copy is scikit-learn's to write on
    ),
    "KernelRidge": Member(
        "mapping", "sklearn.kernel_ridge", "Ridge regression in a kernel's space, no intercept",
        "Saunders, Gammerman & Vovk 1998",
        (
            _positive("alpha", "ridge on the sum of squares", type="float", default=1.0),
            Own(
                "kernel", "similarity of images (default of scikit-learn: linear, which is Ridge)",
                default="rbf",
                choices=("linear", "rbf", "laplacian", "poly", "sigmoid", "cosine"),
            ),
            Own(
                "gamma", "of rbf, laplacian, poly and sigmoid; none: 1 / number of features",
                type="float", minimum=0, optional=True,
            ),
            DEGREE,
            Own("coef0", "constant term of poly and sigmoid", type="float", default=1.0),
        ),
        double=True,
    ),
    "PLSRegression": Member(
        "mapping", "sklearn.cross_decomposition", "Partial least squares: few latent directions",
        "Wold 1985; Wegelin 2000",
        (
            _count(
                "n_components",
                "latent directions; none: seen classes − 1, as far as images and features allow "
                "(default of scikit-learn: 2)",
                type="int", default=None, optional=True,
            ),
            Own("scale", "features and targets to unit variance first"),
            _count("max_iter", "of the power method, a component"),
            Own("tol", "of the power method", minimum=0),
        ),
        fixed={"copy": False},
        double=True,
    ),
    "MLPRegressor": Member(
        "mapping", "sklearn.neural_network", "Layers of units, trained on the squared error",
        "Rumelhart, Hinton & Williams 1986; Kingma & Ba 2015 (adam)",
        (
            Own("hidden_layer_sizes", "units of each hidden layer, whole numbers", type="floats",
                minimum=1),
            Own("activation", "of hidden units",
                choices=("identity", "logistic", "tanh", "relu")),
            Own("solver", "how it is trained", choices=("adam", "sgd", "lbfgs")),
            Own("alpha", "weight decay", minimum=0),
            _count("batch_size", "images a step; none: 200, or all", type="int", none="auto"),
            Own("learning_rate", "schedule of sgd",
                choices=("constant", "invscaling", "adaptive")),
            _positive("learning_rate_init", "step of adam and sgd, to begin with"),
            _count("max_iter", "epochs at most: a budget; the record says whether it converged"),
            Own("tol", "least improvement of the loss", minimum=0),
            Own("early_stopping", "stop on a share of the training images held out for that"),
            _count("n_iter_no_change", "epochs without improvement before it stops"),
        ),
        budget=True,
    ),
}  # fmt: skip

DETECTORS = {
    "IsolationForest": Member(
        "novelty", "sklearn.ensemble", "How few random cuts isolate an image",
        "Liu, Ting & Zhou 2008",
        (
            _count("n_estimators", "trees"),
            _count("max_samples", "images a tree; none: 256, or all", type="int", none="auto"),
            _positive("max_features", "share of features a tree", maximum=1),
            Own("bootstrap", "draw images with replacement"),
            CONTAMINATION,
        ),
    ),
    "LocalOutlierFactor": Member(
        "novelty", "sklearn.neighbors", "Density among the nearest training images, against theirs",
        "Breunig et al. 2000",
        (_count("n_neighbors", "training images that the density is of"),
         SEARCH, LEAF, METRIC, POWER, CONTAMINATION),
        fixed={"novelty": True},
    ),
    "OneClassSVM": Member(
        "novelty", "sklearn.svm", "The side of a surface round the training images",
        "Schölkopf et al. 2001",
        (
            Own("kernel", "similarity of images", choices=("rbf", "linear", "poly", "sigmoid")),
            _positive(
                "gamma", "of rbf, poly and sigmoid; none: 1 / (features × variance)",
                type="float", none="scale",
            ),
            DEGREE,
            Own("coef0", "constant term of poly and sigmoid"),
            _positive(
                "nu", "share of training images beyond the native cut, at most (default of "
                "scikit-learn: 0.5, which calls half of them novel)",
                default=0.1, maximum=1,
            ),
            _positive("tol", "precision of the solution"),
            Own("shrinking", "leave settled images out on the way: speed"),
        ),
        double=True,
    ),
    "EllipticEnvelope": Member(
        "novelty", "sklearn.covariance", "Mahalanobis distance, by a robust mean and covariance",
        "Rousseeuw & Van Driessen 1999",
        (
            Own("assume_centered", "the mean is 0"),
            _positive(
                "support_fraction", "share of images that the estimate rests on; none: the least",
                type="float", maximum=1, optional=True,
            ),
            _positive("contamination", "share of training images beyond the native cut",
                      maximum=0.5),
        ),
        double=True,
    ),
}  # fmt: skip

CLASSIFIERS = {
    "LogisticRegression": Member(
        "classifier", "sklearn.linear_model", "Softmax regression with an intercept",
        "Cox 1958",
        (
            _positive("C", "inverse of the weight decay, on the sum of losses"),
            Own("fit_intercept", "learn an intercept too"),
            Own("class_weight", "balanced: rare classes weigh as much as frequent ones",
                type="str", choices=("balanced",), optional=True),
            Own("solver", "how it is solved",
                choices=("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga")),
            _positive("tol", "of the gradient, or of a step's change"),
            _count(
                "max_iter", "steps before giving up (default of scikit-learn: 100, too few for "
                "image features)",
                default=1000,
            ),
        ),
    ),
    "KNeighborsClassifier": Member(
        "classifier", "sklearn.neighbors", "Votes of the nearest training images, as shares",
        "Cover & Hart 1967",
        (
            _count("n_neighbors", "training images that vote"),
            Own("weights", "of votes: equal, or by inverse distance",
                choices=("uniform", "distance")),
            SEARCH, LEAF, METRIC, POWER,
        ),
    ),
}  # fmt: skip

MEMBERS: Mapping[Kind, Mapping[str, Member]] = MappingProxyType(
    {"mapping": MAPPINGS, "novelty": DETECTORS, "classifier": CLASSIFIERS}
)
