"""What the family ``pyod/*`` declares, and what PyOD's signatures do not say of its members.

``pyod_table`` makes ``pyod.json``, which the harness reads, from :data:`CATALOGUE` and PyOD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.sklearn_family.params import MEMORY_LIMIT

Fields = dict[str, Any]  # some of a Param
SPACES = ("X", "Z", "logits")

PYOD = ComponentSpec(
    kind="novelty",
    name="pyod/*",
    target="zslbench_plugins.novelty.pyod_detector:PyODDetector",
    summary="Detectors of PyOD that score each image by itself",
    reference="Zhao et al., JMLR 2019",
    params=(
        Param(
            "space", "str", "Z",
            "what it reads: standardised features, mapped features, the seen classifier's scores",
            choices=SPACES,
        ),
        MEMORY_LIMIT,
    ),
    extra="pyod",
    members="zslbench_plugins.novelty:pyod.json",
)  # fmt: skip

SPECS = (PYOD,)


def _count(help: str, least: int = 1, **more: Any) -> Fields:
    return {"help": help, "minimum": least} | more


def _positive(help: str, **more: Any) -> Fields:
    return {"help": help, "minimum": 0, "exclusive_minimum": True} | more


def _share(help: str, **more: Any) -> Fields:
    return _positive(help, maximum=1, **more)


def _one_of(help: str, words: str) -> Fields:
    return {"help": help, "choices": words.split()}


def _whether(help: str) -> Fields:
    return {"help": help}


_NEAR = _count("neighbours, among the training images")
_METRIC = _one_of("distance", "minkowski euclidean manhattan chebyshev")
_COSINE = _one_of("distance", "minkowski euclidean manhattan chebyshev cosine")
_POWER = {"help": "power of the minkowski distance", "type": "float", "minimum": 1}
_GAMMA = _positive(
    "scale of the kernel, not of linear and cosine ones; none: 1 / dimensions", type="float"
)
_DEGREE = _count("degree of the poly kernel")
_SHIFT = {"help": "constant of the kernel, of poly and sigmoid ones", "type": "float"}
_DROPPED = {"help": "share of units left out in a step", "minimum": 0, "maximum": 0.99}
_PARTS = _count("components; none: all", type="int")

CATALOGUE: Mapping[str, tuple[str, str, int | None, Mapping[str, Fields]]] = {
    "ABOD": ("Angle-based: small variance of the angles to neighbours, fast variant",
             "Kriegel et al., KDD 2008", None,
             {"n_neighbors": _NEAR | {"minimum": 3}, "metric": _COSINE, "p": _POWER}),
    "AutoEncoder": ("Reconstruction error of an autoencoder, hidden layers 64 and 32 wide",
                    "Aggarwal, Outlier Analysis, 2015, ch. 3", None, {
        "preprocessing": _whether("standardise the dimensions"), "lr": _positive("learning rate"),
        "epoch_num": _count("passes over the images"), "batch_size": _count("images a step", 2),
        "optimizer_name": _one_of("optimiser", "adam sgd"),
        "hidden_activation_name": _one_of("activation", "relu tanh sigmoid elu"),
        "batch_norm": _whether("batch normalisation after hidden layers"),
        "dropout_rate": _DROPPED}),
    "CBLOF": ("Distance to the nearest large cluster of k-means", "He et al., PRL 2003", None, {
        "n_clusters": _count("clusters", 2),
        "alpha": _share("share of the images that large clusters hold together"),
        "beta": _positive("how many times larger than the next a large cluster is", type="float",
                          minimum=1),
        "use_weights": _whether("multiply distances by the size of the cluster")}),
    "DeepSVDD": ("Distance from a centre round which a network gathers the images",
                 "Ruff et al., ICML 2018", None, {
        "use_ae": _whether("an autoencoder: reconstruct as well as gather"),
        "hidden_activation": _one_of("activation", "relu tanh sigmoid"),
        "output_activation": _one_of("activation of the last layer", "sigmoid tanh relu"),
        "optimizer": _one_of("optimiser", "adam sgd"), "epochs": _count("passes over the images"),
        "batch_size": _count("images a step", 2), "dropout_rate": _DROPPED,
        "l2_regularizer": {"help": "weight decay", "minimum": 0},
        "preprocessing": _whether("standardise the dimensions"),
        "learning_rate": _positive("learning rate")}),
    "GMM": ("Negative log density of a mixture of Gaussians",
            "Aggarwal, Outlier Analysis, 2015, ch. 2", None, {
        "n_components": _count("Gaussians"),
        "covariance_type": _one_of("covariances", "full tied diag spherical"),
        "tol": _positive("EM stops when the log likelihood gains less"),
        "reg_covar": _positive("added to the diagonals of the covariances"),
        "max_iter": _count("steps of EM at most"), "n_init": _count("starts of EM; the best stays"),
        "init_params": _one_of("first guess", "kmeans k-means++ random random_from_data")}),
    "HBOS": ("Product of histograms, one a dimension", "Goldstein & Dengel, KI 2012", None, {
        "n_bins": _count("bins a dimension", 2),
        "alpha": _share("added to densities, against log 0"),
        "tol": _share("bin widths beyond the last bin that still belong to it")}),
    "HDBSCAN": ("How weakly the nearest training images belong to a dense cluster",
                "Campello et al., PAKDD 2013", 5000, {
        "min_cluster_size": _count("images in the smallest cluster", 2),
        "min_samples": _count("neighbours of a core point; none: min_cluster_size", type="int"),
        "metric": _one_of("distance", "euclidean manhattan chebyshev"),
        "alpha": _positive("scale of distances in single linkage")}),
    "IForest": ("Isolation forest: random cuts soon isolate a novel image",
                "Liu et al., ICDM 2008", None, {
        "n_estimators": _count("trees"),
        "max_samples": _count("images a tree; none: 256, or all if fewer", 2, type="int"),
        "max_features": _share("share of the dimensions that a tree sees"),
        "bootstrap": _whether("draw with replacement")}),
    "INNE": ("Isolation by hyperspheres that reach to the nearest neighbour",
             "Bandaragoda et al., Computational Intelligence 2018", None, {
        "n_estimators": _count("sets of hyperspheres"),
        "max_samples": _count("hyperspheres a set; none: 8, or all if fewer", 2, type="int")}),
    "KDE": ("Negative log of a kernel density", "Latecki et al., MLDM 2007", 5000, {
        "bandwidth": _positive("width of the Gaussian kernel"), "metric": _METRIC}),
    "KNN": ("Distance to the nearest training images", "Ramaswamy et al., SIGMOD 2000", None, {
        "n_neighbors": _NEAR, "metric": _COSINE, "p": _POWER,
        "method": _one_of("distance to the k-th, or mean or median of k", "largest mean median")}),
    "KPCA": ("Reconstruction error of kernel PCA", "Hoffmann, Pattern Recognition 2007", 2000, {
        "n_components": _PARTS,
        "n_selected_components": _count("first components that count; none: all", type="int"),
        "kernel": _one_of("kernel", "rbf linear poly cosine"),
        "gamma": _GAMMA, "degree": _DEGREE, "coef0": _SHIFT}),
    "LOF": ("Local outlier factor: sparser than its neighbours", "Breunig et al., SIGMOD 2000",
            None, {"n_neighbors": _NEAR, "metric": _COSINE, "p": _POWER}),
    "LUNAR": ("A network that reads the distances to the nearest training images",
              "Goodge et al., AAAI 2022", 5000, {
        "model_type": _one_of("gives weights of the distances, or the score", "WEIGHT SCORE"),
        "n_neighbours": _NEAR, "negative_sampling": _one_of("negatives", "MIXED UNIFORM SUBSPACE"),
        "val_size": _share("share of the images that picks the epoch") | {"maximum": 0.9},
        "epsilon": _positive("spread of the subspace negatives"),
        "proportion": _positive("negatives an image"), "n_epochs": _count("epochs"),
        "lr": _positive("learning rate"), "wd": {"help": "weight decay", "minimum": 0},
        "metric": _METRIC, "p": _POWER}),
    "MCD": ("Mahalanobis distance by the minimum covariance determinant",
            "Rousseeuw & Van Driessen, Technometrics 1999", None, {
        "assume_centered": _whether("take the mean as zero"),
        "support_fraction": _share("share of the images in the core; none: (n + m + 1) / 2n",
                                   type="float")}),
    "OCSVM": ("One-class support vector machine", "Schölkopf et al., Neural Computation 2001",
              5000, {
        "kernel": _one_of("kernel", "rbf linear poly sigmoid"), "degree": _DEGREE, "gamma": _GAMMA,
        "coef0": _SHIFT, "tol": _positive("the solver's tolerance"),
        "nu": _share("share of the training images that lie outside, at most")}),
    "PCA": ("Distances to the ends of principal axes, by eigenvalue",
            "Shyu et al., ICDM workshops 2003", None, {
        "n_components": _PARTS,
        "n_selected_components": _count("last components that count; none: all", type="int"),
        "svd_solver": _one_of("solver", "auto full covariance_eigh randomized"),
        "weighted": _whether("divide by the share of the variance"),
        "standardization": _whether("standardise the dimensions first")}),
    "Sampling": ("Distance to the nearest of a few training images, drawn once",
                 "Sugiyama & Borgwardt, NeurIPS 2013", None,
                 {"subset_size": _count("images drawn"), "metric": _METRIC}),
}  # fmt: skip
"""Member → summary, reference, max_train (None: all) where a fit is quadratic, parameters."""
