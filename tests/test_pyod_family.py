"""Detectors of PyOD: which there are, what they give, and what they refuse before they start."""

import json
import random
import subprocess
import sys
import tracemalloc
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from stranger import offering

from zslbench import InputError, Registry
from zslbench.contracts import Context, View
from zslbench.testing import check_component, samples

pytest.importorskip("pyod", reason="PyOD is not installed: the extra 'pyod' brings it")

from zslbench_plugins.novelty.declared_pyod import PYOD
from zslbench_plugins.novelty.pyod_detector import MEMBERS, PyODDetector, refusals
from zslbench_plugins.sklearn_family.sampling import chosen_rows

TABLE = json.loads(files("zslbench_plugins.novelty").joinpath("pyod.json").read_text())
DEEP = {"AutoEncoder": {"epoch_num": 2}, "DeepSVDD": {"epochs": 2}, "LUNAR": {"n_epochs": 5}}
CLASSICAL = sorted(set(MEMBERS) - set(DEEP))
REMEASURED = ("CD", "COF", "COPOD", "ECOD", "LMDD", "LODA", "MAD", "QMCD", "ROD", "SOS")
TRAIN, TEST, FAR = samples.training(), samples.testing(), samples.far_away()
CLASSES = samples.class_table()


def fitted(member, X=TRAIN.Z, seed=3, y=None, **params):
    """The detector with its declared defaults, fitted on points (n, m) in Z."""
    declared = {p["name"]: p["default"] for p in TABLE[member]["params"]}
    detector = PyODDetector(member, **declared | params)
    y = np.zeros(len(X), dtype=np.int64) if y is None else y
    return detector.fit(View(Z=X), y, CLASSES, context=Context(seed=seed))


def registry():
    """Nothing but the family."""
    alone = Registry()
    alone.add(offering(PYOD))
    return alone


# ------------------------------------------------------------------------------- membership


@pytest.mark.parametrize("space", ["X", "Z", "logits"])
@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_every_member_keeps_the_contract_in_every_space(member, space):
    if member in DEEP and space != "Z":
        pytest.skip("slow, and its spaces differ in nothing")
    params = {"space": space} | DEEP.get(member, {})
    check_component(registry(), "novelty", f"pyod/{member}", params)


def test_the_table_is_what_the_command_writes():
    from zslbench_plugins.novelty.pyod_table import member_table

    assert member_table() == files("zslbench_plugins.novelty").joinpath("pyod.json").read_text()
    assert set(TABLE) == set(MEMBERS)


@pytest.mark.parametrize("name", REMEASURED)
def test_a_refused_detector_still_breaks_the_contract_as_the_table_says(name):
    from zslbench_plugins.novelty.pyod_table import reason

    assert reason(name) == refusals()[name]


def test_every_class_of_pyod_is_a_member_or_refused():
    from zslbench_plugins.novelty.pyod_table import CLASSES, found

    assert set(TABLE) | set(refusals()) == {*found(), *CLASSES}
    assert not set(TABLE) & set(refusals())


@pytest.mark.parametrize("name", ["ECOD", "COPOD", "SOS", "ROD"])
def test_a_refused_name_says_why(name):
    with pytest.raises(InputError, match="scores an image by its batch"):
        PyODDetector(name)


def test_a_name_that_pyod_has_not_is_answered_with_those_there_are():
    with pytest.raises(InputError, match="IForest"):
        PyODDetector("IsolationForrest")


def test_declaring_the_family_imports_nothing_heavy():
    code = (
        "import sys, zslbench_plugins.novelty.declared_pyod\n"
        "print(*{'numpy', 'pyod', 'sklearn', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


# ------------------------------------------------------------------------- what they compute


def nearest(k):
    """Distance of each test point to its k-th nearest training point."""
    steps = TEST.Z[:, None].astype(float) - TRAIN.Z[None].astype(float)
    return np.sort(np.sqrt((steps**2).sum(axis=2)), axis=1)[:, k - 1]


def test_knn_is_the_distance_to_the_kth_neighbour():
    got = fitted("KNN", n_neighbors=7).novelty(View(Z=TEST.Z))
    np.testing.assert_allclose(got, nearest(7), rtol=1e-9)


def test_one_gaussian_is_minus_its_log_density():
    Z = TRAIN.Z.astype(float)
    covariance = np.cov(Z.T, bias=True) + 1e-6 * np.eye(Z.shape[1])
    expected = -multivariate_normal(Z.mean(axis=0), covariance).logpdf(TEST.Z.astype(float))
    np.testing.assert_allclose(fitted("GMM").novelty(View(Z=TEST.Z)), expected, rtol=1e-6)


def test_kde_is_minus_the_log_of_the_mean_kernel():
    Z, width, m = TRAIN.Z.astype(float), 0.7, TRAIN.Z.shape[1]
    squares = ((TEST.Z[:, None].astype(float) - Z[None]) ** 2).sum(axis=2)
    logs = -squares / (2 * width**2) - m / 2 * np.log(2 * np.pi * width**2)
    expected = -(logsumexp(logs, axis=1) - np.log(len(Z)))
    got = fitted("KDE", bandwidth=width).novelty(View(Z=TEST.Z))
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_ocsvm_is_the_negative_of_scikit_learns():
    from sklearn.svm import OneClassSVM

    theirs = OneClassSVM(nu=0.2, gamma=0.1).fit(TRAIN.Z.astype(float))
    got = fitted("OCSVM", nu=0.2, gamma=0.1).novelty(View(Z=TEST.Z))
    np.testing.assert_allclose(got, -theirs.decision_function(TEST.Z.astype(float)), rtol=1e-9)


def test_lof_is_the_negative_of_scikit_learns():
    from sklearn.neighbors import LocalOutlierFactor

    theirs = LocalOutlierFactor(n_neighbors=9, novelty=True).fit(TRAIN.Z.astype(float))
    got = fitted("LOF", n_neighbors=9).novelty(View(Z=TEST.Z))
    np.testing.assert_allclose(got, -theirs.score_samples(TEST.Z.astype(float)), rtol=1e-9)


@settings(max_examples=15)
@given(st.permutations(range(24)), st.integers(1, 23))
def test_an_image_has_the_same_novelty_in_any_batch(order, cut):
    for detector in GIVEN:
        whole = detector.novelty(View(Z=TEST.Z[:24]))
        parts = [detector.novelty(View(Z=TEST.Z[rows])) for rows in (order[:cut], order[cut:])]
        np.testing.assert_allclose(np.concatenate(parts), whole[list(order)], rtol=1e-9, atol=1e-9)


GIVEN = [fitted(member) for member in ("KNN", "GMM", "PCA", "OCSVM", "IForest", "LOF")]


def choices():
    return [
        (member, p["name"], choice)
        for member in sorted(TABLE)
        for p in TABLE[member]["params"]
        for choice in p.get("choices", ())
    ]


@pytest.mark.parametrize(("member", "name", "choice"), choices())
def test_every_choice_works(member, name, choice):
    detector = fitted(member, **DEEP.get(member, {}), **{name: choice})
    assert np.isfinite(detector.novelty(View(Z=TEST.Z))).all()


# ----------------------------------------------------------------------------------- seeds


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_no_generator_of_others_is_read_or_moved(member):
    import torch

    small, got = DEEP.get(member, {}), []
    for start in (1, 2):
        np.random.seed(start)
        random.seed(start)
        torch.manual_seed(start)
        before = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()
        got.append(fitted(member, **small).novelty(View(Z=TEST.Z)))
        assert np.array_equal(np.random.get_state()[1], before[0])
        assert random.getstate() == before[1]
        assert torch.equal(torch.get_rng_state(), before[2])
    assert np.array_equal(*got)


@pytest.mark.parametrize("member", ["IForest", "INNE", "Sampling", "DeepSVDD", "LUNAR"])
def test_another_seed_draws_otherwise(member):
    small = DEEP.get(member, {})
    one, two = (fitted(member, seed=s, **small).novelty(View(Z=TEST.Z)) for s in (1, 2))
    assert not np.array_equal(one, two)


def test_max_train_fits_on_the_seeded_subsample_and_records_its_size():
    rows = chosen_rows(TRAIN.y, 30, 3)
    some = fitted("KNN", y=TRAIN.y, max_train=30)
    only = fitted("KNN", X=TRAIN.Z[rows])
    assert some.train_images_ == len(rows) == 30
    assert np.array_equal(some.novelty(View(Z=TEST.Z)), only.novelty(View(Z=TEST.Z)))


# ---------------------------------------------------------------- memory, before it is taken


@pytest.mark.parametrize("member", ["OCSVM", "KPCA"])
def test_a_kernel_of_38000_images_is_refused_before_it_is_begun(member):
    many = np.broadcast_to(np.zeros(50, dtype=np.float32), (38_000, 50))
    with pytest.raises(InputError, match=r"GB to fit on 38,000 images.*--set novelty.max_train=\d"):
        fitted(member, X=many, max_train=None)


@pytest.mark.parametrize("member", ["HDBSCAN", "KDE", "KPCA", "LUNAR", "OCSVM"])
def test_the_quadratic_ones_take_a_subsample_unless_told_otherwise(member):
    (param,) = (p for p in TABLE[member]["params"] if p["name"] == "max_train")
    assert param["default"] <= 5000
    assert param["optional"]


@pytest.mark.parametrize("member", CLASSICAL)
def test_a_fit_takes_no_more_than_it_said(member):
    """Up to the libraries' own buffers; what compiled code takes by itself is not seen."""
    X = np.random.default_rng(0).normal(size=(1000, 40)).astype(np.float32)
    fitted(member)  # what is compiled or imported once
    tracemalloc.start()
    try:
        detector = fitted(member, X=X)
        peak = tracemalloc.get_traced_memory()[1] / 1e9
    finally:
        tracemalloc.stop()
    assert peak <= detector.memory_gb_ + 0.02


def test_the_memory_limit_is_the_users():
    with pytest.raises(InputError, match="memory_limit is 1e-05 GB"):
        fitted("KNN", memory_limit=1e-5)


# ------------------------------------------------------------------------------- refusals


def test_inputs_follow_the_space():
    for space in ("X", "Z", "logits"):
        assert PyODDetector("KNN", space=space).inputs == {space}
    with pytest.raises(InputError, match=r"novelty\.space"):
        PyODDetector("KNN", space="X").fit(
            View(Z=TRAIN.Z), TRAIN.y, CLASSES, context=samples.CONTEXT
        )


@pytest.mark.parametrize(
    ("member", "params"),
    [("KNN", {"n_neighbors": 500}), ("Sampling", {"subset_size": 500}),
     ("AutoEncoder", {"batch_size": 500}), ("PCA", {"n_components": 50})],
)  # fmt: skip
def test_parameters_that_do_not_suit_the_data_are_the_users_to_mend(member, params):
    with pytest.raises(InputError, match=f"pyod/{member}.*--set novelty"):
        fitted(member, **params)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_angles_between_images_that_coincide_are_the_users_to_mend():
    detector = fitted("ABOD", X=np.repeat(TRAIN.Z, 8, axis=0))
    with pytest.raises(InputError, match="not finite"):
        detector.novelty(View(Z=TRAIN.Z))


@pytest.mark.parametrize("member", sorted(set(CLASSICAL) - {"ABOD"}))
def test_repeated_training_images_leave_every_novelty_finite(member):
    detector = fitted(member, X=np.repeat(TRAIN.Z, 8, axis=0))
    assert np.isfinite(detector.novelty(View(Z=TRAIN.Z))).all()


def test_novelty_that_is_not_finite_is_never_handed_on():
    detector = fitted("KNN")
    detector.model_.decision_function = lambda X: np.full(len(X), np.nan)
    with pytest.raises(InputError, match="120 of 120 images a novelty that is not finite"):
        detector.novelty(View(Z=TEST.Z))


def test_out_of_bounds_values_never_reach_it():
    with pytest.raises(InputError, match="nu"):
        registry().resolve("novelty", "pyod/OCSVM", [("user", {"nu": 2})])
