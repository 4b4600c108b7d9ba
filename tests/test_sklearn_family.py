"""Components of scikit-learn by name, against scikit-learn itself."""

import importlib.resources
import tracemalloc

import numpy as np
import psutil
import pytest
import tiny
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import IsolationForest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.neural_network import MLPRegressor
from sklearn.svm import OneClassSVM

import zslbench
from zslbench import Registry
from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench.testing import check_component
from zslbench_plugins.sklearn_family import table
from zslbench_plugins.sklearn_family.catalogue import MEMBERS
from zslbench_plugins.sklearn_family.estimator import estimator_class, settings
from zslbench_plugins.sklearn_family.sampling import chosen_rows

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "unseen", "seen", "seen"))
SEEN = CLASSES.seen
CONTEXT = Context(seed=5)
SMALL_S = np.zeros((4, 50), np.float32)
ALL = [(kind, name) for kind, members in MEMBERS.items() for name in members]
REGISTRY = Registry.discover()
AS_DETECTOR = {
    "IsolationForest": IsolationForest(random_state=5),
    "LocalOutlierFactor": LocalOutlierFactor(novelty=True),
    "OneClassSVM": OneClassSVM(nu=0.1),
    "EllipticEnvelope": EllipticEnvelope(random_state=5),
}


def create(kind, name, **params):
    """The component as a run would make it."""
    return REGISTRY.create(REGISTRY.resolve(kind, f"sklearn/{name}", [("user", params)]))


def draw(n, d, k=4, seed=0):
    """Features (n, d) round class means, labels, and class vectors (3, k) of the seen classes."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.resize(SEEN, n)).astype(np.int64)
    centres = 2 * np.random.default_rng(9).normal(size=(4, d))
    S = np.random.default_rng(7).normal(size=(3, k)).astype(np.float32)
    return (centres[y] + rng.normal(size=(n, d))).astype(np.float32), y, S


def mapped(name, X, y, S, context=CONTEXT, **params):
    rows = np.searchsorted(SEEN, y)
    return create("mapping", name, **params).fit(X, rows, S, context=context)


def detected(name, Z, y, context=CONTEXT, **params):
    return create("novelty", name, **params).fit(View(Z=Z), y, CLASSES, context=context)


def classified(name, X, y, candidates="seen", context=CONTEXT, **params):
    classifier = create("classifier", name, **params)
    return classifier.fit(View(X=X), y, CLASSES, candidates=candidates, context=context)


@pytest.fixture
def roomy(monkeypatch):
    """A machine with 1,000 GB free, so that memory_limit alone decides."""
    free = psutil.virtual_memory()._replace(available=10**12)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)


# ------------------------------------------------------------------------------ what is declared


@pytest.mark.parametrize("kind", MEMBERS)
def test_the_table_of_members_is_fresh(kind):
    stored = importlib.resources.files("zslbench_plugins.sklearn_family") / f"{kind}.json"
    assert stored.read_text(encoding="utf-8") == table.text(kind), (
        "run: python -m zslbench_plugins.sklearn_family.table"
    )


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_scikit_learn_takes_every_value_that_the_table_allows(kind, name):
    member = MEMBERS[kind][name]
    spec = REGISTRY.find(kind, f"sklearn/{name}")[0].spec
    own = {param.name for param in member.params}
    for param in (p for p in spec.params if p.name in own):
        for value in at_the_bounds(param):
            values = settings(member, {param.name: value})
            if name == "PLSRegression" and values["n_components"] is None:
                values["n_components"] = 2  # worked out in fit, of the number of classes
            estimator_class(member, name)(**member.fixed, **values)._validate_params()


def at_the_bounds(param):
    """The default, each choice, and the ends of what is allowed."""
    yield param.default
    yield from param.choices or ()
    number = {"int": int, "float": float, "floats": lambda v: (float(v),)}.get(param.type)
    if param.minimum is not None:
        yield number(param.minimum + (1e-6 if param.exclusive_minimum else 0))
    if param.maximum is not None:
        yield number(param.maximum)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_member_keeps_the_contract_of_its_kind(kind, name):
    check_component(REGISTRY, kind, f"sklearn/{name}")


@pytest.mark.parametrize("name", MEMBERS["novelty"])
@pytest.mark.parametrize("space", ["X", "Z", "logits"])
def test_detectors_read_the_space_that_they_are_told(name, space):
    X, y, _ = draw(120, 3)
    detector = create("novelty", name, space=space)
    assert detector.inputs == {space}
    detector.fit(View(**{space: X}), y, CLASSES, context=CONTEXT)
    assert detector.novelty(View(**{space: X})).shape == (120,)


def test_a_space_that_the_method_lacks_is_named():
    X, y, _ = draw(30, 3)
    with pytest.raises(InputError, match="'logits'"):
        create("novelty", "IsolationForest", space="logits").fit(
            View(X=X), y, CLASSES, context=CONTEXT
        )


# ------------------------------------------------------------------- the same numbers as theirs


@pytest.mark.parametrize(
    ("name", "theirs", "double"),
    [
        ("Ridge", Ridge(), False),
        ("KernelRidge", KernelRidge(kernel="rbf"), True),
        ("PLSRegression", PLSRegression(2), True),  # of three seen classes
        ("MLPRegressor", MLPRegressor(random_state=5, max_iter=30), False),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mappings_predict_what_scikit_learn_predicts(name, theirs, double):
    X, y, S = draw(150, 6)
    new = draw(1100, 6, seed=1)[0]  # more than a block
    dtype = np.float64 if double else np.float32
    theirs.fit(X.astype(dtype), S.astype(dtype)[np.searchsorted(SEEN, y)])
    params = {"max_iter": 30} if name == "MLPRegressor" else {}
    Z = mapped(name, X, y, S, **params).transform(new)
    np.testing.assert_allclose(Z, theirs.predict(new.astype(dtype)), rtol=1e-4, atol=1e-4)
    assert Z.dtype == np.float32


@pytest.mark.parametrize("name", MEMBERS["mapping"])
def test_class_vectors_of_one_dimension_give_one_column(name):
    X, y, S = draw(90, 5, k=1)
    assert mapped(name, X, y, S).transform(X).shape == (90, 1)


@pytest.mark.parametrize("name", AS_DETECTOR)
def test_novelty_is_minus_their_decision_and_above_0_what_they_call_an_outlier(name):
    Z, y, _ = draw(300, 3)
    new = (3 * np.random.default_rng(1).normal(size=(1100, 3))).astype(np.float32)
    theirs = AS_DETECTOR[name]
    dtype = np.float64 if MEMBERS["novelty"][name].double else np.float32
    theirs.fit(Z.astype(dtype))
    detector = detected(name, Z, y)
    novelty = detector.novelty(View(Z=new))
    np.testing.assert_allclose(novelty, -theirs.decision_function(new.astype(dtype)), atol=1e-6)
    outlier = theirs.predict(new.astype(dtype)) == -1
    np.testing.assert_array_equal(novelty > 0, outlier)
    assert 0 < outlier.sum() < len(new)
    assert detector.has_native_cut is True


@pytest.mark.parametrize("name", AS_DETECTOR)
@pytest.mark.parametrize("seed", range(3))
def test_what_lies_far_away_is_more_novel_than_every_training_image(name, seed):
    Z, y, _ = draw(200, 4, seed=seed)
    direction = np.random.default_rng(seed).normal(size=(1, 4))
    far = (100 * direction / np.linalg.norm(direction)).astype(np.float32)
    detector = detected(name, Z, y)
    away, near = detector.novelty(View(Z=far)), detector.novelty(View(Z=Z))
    assert away[0] > np.quantile(near, 0.95)


def test_logistic_regression_gives_their_logits_in_the_order_of_candidates():
    X, y, _ = draw(200, 5)
    new = draw(1100, 5, seed=1)[0]
    theirs = LogisticRegression(max_iter=1000).fit(X, y)
    logits = classified("LogisticRegression", X, y).decision(View(X=new))
    np.testing.assert_allclose(logits, theirs.decision_function(new), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(SEEN[logits.argmax(axis=1)], theirs.predict(new))


def test_logits_of_two_classes_have_their_probabilities_as_softmax():
    X, y, _ = draw(200, 5)
    X, y = X[y != 3], y[y != 3]
    two = ClassTable(("a", "b", "c"), ("seen", "unseen", "seen"))
    classifier = create("classifier", "LogisticRegression")
    classifier.fit(View(X=X), y, two, candidates="seen", context=CONTEXT)
    exponentials = np.exp(classifier.decision(View(X=X)))
    shares = exponentials / exponentials.sum(axis=1, keepdims=True)
    theirs = LogisticRegression(max_iter=1000).fit(X, y)
    np.testing.assert_allclose(shares, theirs.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("metric", ["minkowski", "cosine"])
def test_neighbours_vote_as_theirs_do(metric):
    X, y, _ = draw(200, 5)
    new = draw(300, 5, seed=1)[0]
    theirs = KNeighborsClassifier(metric=metric).fit(X, y)
    votes = classified("KNeighborsClassifier", X, y, metric=metric).decision(View(X=new))
    np.testing.assert_allclose(votes, theirs.predict_proba(new))


@pytest.mark.parametrize("name", MEMBERS["classifier"])
@pytest.mark.parametrize("candidates", ["unseen", "all"])
def test_a_candidate_class_without_images_is_named(name, candidates):
    X, y, _ = draw(60, 4)
    assert create("classifier", name).needs_images is True
    with pytest.raises(InputError, match="no training image of class 'b'"):
        classified(name, X, y, candidates)


# ------------------------------------------------------------------------- seeds and subsamples


@pytest.mark.parametrize("name", ["IsolationForest", "EllipticEnvelope"])
def test_the_seed_of_the_run_is_theirs(name):
    Z, y, _ = draw(400, 3)
    one, same, other = (
        detected(name, Z, y, Context(seed=seed)).novelty(View(Z=Z)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    if name == "IsolationForest":
        assert not np.array_equal(one, other)


def test_max_train_draws_every_class_in_proportion_and_by_the_seed():
    y = np.repeat([0, 2, 3], [100, 50, 4])
    rows = chosen_rows(y, 77, seed=1)
    assert np.bincount(y[rows]).tolist() == [50, 0, 25, 2]
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, chosen_rows(y, 77, seed=1))
    assert not np.array_equal(rows, chosen_rows(y, 77, seed=2))
    assert np.unique(y[chosen_rows(y, 3, seed=1)]).tolist() == [0, 2, 3]
    assert chosen_rows(y, None, seed=1) is None
    assert chosen_rows(y, 154, seed=1) is None


def test_a_fit_with_max_train_is_one_on_these_images_alone():
    Z, y, S = draw(300, 4)
    rows = chosen_rows(y, 120, CONTEXT.seed)
    few = detected("OneClassSVM", Z, y, max_train=120)
    np.testing.assert_array_equal(
        few.novelty(View(Z=Z)), detected("OneClassSVM", Z[rows], y[rows]).novelty(View(Z=Z))
    )
    assert few.images_ == 120
    np.testing.assert_allclose(
        mapped("Ridge", Z, y, S, max_train=120).transform(Z),
        mapped("Ridge", Z[rows], y[rows], S).transform(Z),
        atol=1e-6,
    )
    voting = classified("KNeighborsClassifier", Z, y, max_train=120)
    np.testing.assert_array_equal(
        voting.decision(View(X=Z)),
        classified("KNeighborsClassifier", Z[rows], y[rows]).decision(View(X=Z)),
    )


@pytest.mark.parametrize("name", ["Ridge", "PLSRegression"])
def test_inputs_stay_as_they_are_though_scikit_learn_may_write(name):
    X, y, S = draw(80, 5)
    before = X.copy()
    mapped(name, X, y, S)
    mapped(name, X.astype(np.float64), y, S)
    np.testing.assert_array_equal(X, before)


# ------------------------------------------------------------------ memory, said before the fit


class OfManyImages:
    """Points that are only asked for their shape: a fit that begins would fail."""

    def __init__(self, n, d):
        self.shape, self.itemsize = (n, d), 4

    def __len__(self):
        return self.shape[0]


@pytest.mark.parametrize(
    ("kind", "name", "gigabytes"), [("mapping", "KernelRidge", 35), ("novelty", "OneClassSVM", 5)]
)
def test_a_kernel_of_38_000_images_is_refused_with_advice(roomy, kind, name, gigabytes):
    points, y = OfManyImages(38_000, 50), np.resize(SEEN, 38_000)
    component = create(kind, name)
    given = (points, y, SMALL_S) if kind == "mapping" else (View(Z=points), y, CLASSES)
    with pytest.raises(InputError) as refusal:
        component.fit(*given, context=CONTEXT)
    message = str(refusal.value)
    assert f"sklearn/{name} would take {gigabytes}." in message
    assert "38,000 images" in message
    assert "memory_limit is 4 GB" in message
    least = {"KernelRidge": 10000, "OneClassSVM": 20000}[name]
    assert f"--set {kind}.max_train={least}" in message


def test_a_limit_above_what_is_free_does_not_help(monkeypatch):
    scarce = psutil.virtual_memory()._replace(available=10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: scarce)
    points, y = OfManyImages(38_000, 50), np.resize(SEEN, 38_000)
    detector = create("novelty", "OneClassSVM", memory_limit=100)
    with pytest.raises(InputError, match=r"1\.0 GB are free: fit on fewer.*max_train=10000") as no:
        detector.fit(View(Z=points), y, CLASSES, context=CONTEXT)
    assert "raise" not in str(no.value)


MEASURED = [
    ("Ridge", {}),
    ("Ridge", {"solver": "svd"}),
    ("Ridge", {"solver": "lsqr"}),
    ("KernelRidge", {}),
    ("KernelRidge", {"kernel": "sigmoid", "gamma": 1e-4, "alpha": 1000}),
    ("PLSRegression", {}),
    ("MLPRegressor", {"max_iter": 2}),
    ("MLPRegressor", {"max_iter": 2, "early_stopping": True}),
    ("MLPRegressor", {"max_iter": 2, "solver": "lbfgs"}),
    ("IsolationForest", {"n_estimators": 20}),
    ("IsolationForest", {"n_estimators": 20, "max_features": 0.5}),
    ("LocalOutlierFactor", {}),
    ("LocalOutlierFactor", {"metric": "cosine"}),
    ("LocalOutlierFactor", {"algorithm": "ball_tree"}),
    ("EllipticEnvelope", {}),
    ("LogisticRegression", {}),
    ("LogisticRegression", {"solver": "newton-cholesky"}),
    ("KNeighborsClassifier", {}),
    ("KNeighborsClassifier", {"algorithm": "kd_tree"}),
]


@pytest.mark.parametrize(("name", "params"), MEASURED, ids=str)
def test_a_fit_takes_no_more_than_was_told(name, params):
    (kind,) = (kind for kind, members in MEMBERS.items() if name in members)
    n, d = {"EllipticEnvelope": (600, 20), "LogisticRegression": (1200, 60)}.get(name, (1200, 300))
    X, y, S = draw(n, d, k=10)
    X.flags.writeable = False
    fit = {
        "mapping": lambda: mapped(name, X, y, S, **params),
        "novelty": lambda: detected(name, X, y, **params),
        "classifier": lambda: classified(name, X, y, **params),
    }[kind]
    fit()  # once before, for what only the first fit allocates: imports
    tracemalloc.start()
    try:
        told = fit().fit_gb_ * 1e9
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 1.05 * told + 2e6, f"{peak / 1e6:.1f} MB, told {told / 1e6:.1f}"
    assert told <= 6 * peak + 2e6, f"{peak / 1e6:.1f} MB, told {told / 1e6:.1f}"


# ------------------------------------------------------------------------------------ a run


def test_a_whole_run_of_them_is_recorded_with_what_their_fits_took(tmp_path):
    record = zslbench.evaluate(
        "tiny",
        "colours",
        slots={
            "mapping": "sklearn/Ridge",
            "novelty": "sklearn/IsolationForest",
            "seen_classifier": "sklearn/LogisticRegression",
        },
        set={
            "mapping.alpha": 0.5,
            "mapping.max_train": 25,
            "novelty.max_train": 20,
            "novelty.n_estimators": 10,
        },
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
        threads=1,
        plugins=[tiny],
    )
    assert record.status == "finished"
    assert record.slots["mapping"].params["alpha"] == 0.5
    assert record.slots["novelty"].params["n_estimators"] == 10
    assert record.slots["novelty"].params["max_train"] == 20
    assert record.slots["mapping"].fitted["images"] == 25
    for slot in ("mapping", "seen_classifier"):
        assert 0 < record.slots[slot].fitted["fit_gb"] < 0.1


# ---------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("fit", "complaint"),
    [
        (lambda X, y, S: mapped("PLSRegression", X, y, S, n_components=50), "n_components"),
        (lambda X, y, S: mapped("Ridge", X, y, S, solver="saga", max_iter=1), "before it was done"),
        (lambda X, y, S: classified("LogisticRegression", X, y, max_iter=1), "before it was done"),
        (lambda X, y, S: detected("LocalOutlierFactor", X, y, n_neighbors=500), "n_neighbors"),
        (lambda X, y, S: detected("IsolationForest", X, y, max_samples=500), "max_samples"),
        (lambda X, y, S: detected("EllipticEnvelope", X * [1, 1, 1, 0], y), "not full rank"),
        (lambda X, y, S: mapped("MLPRegressor", X, y, S, hidden_layer_sizes="2.5"), "whole"),
        (lambda X, y, S: mapped("Ridge", X * np.nan, y, S), "NaN"),
    ],
)
def test_what_scikit_learn_refuses_is_told_with_the_next_step(fit, complaint):
    with pytest.raises(InputError, match=complaint):
        fit(*draw(60, 4))


def test_the_epochs_of_a_network_are_a_budget_that_the_record_tells():
    X, y, S = draw(100, 4)
    short = mapped("MLPRegressor", X, y, S, max_iter=2)
    assert (short.converged_, short.iterations_) == (0, 2)
    long = mapped("MLPRegressor", X, y, S, max_iter=2000)
    assert long.converged_ == 1


def test_an_unknown_member_is_told_which_there_are():
    with pytest.raises(InputError, match="sklearn/LocalOutlierFactor"):
        REGISTRY.resolve("novelty", "sklearn/LocalOutlierFaktor")
