"""Direct attribute prediction: scikit-learn's regressions, the paper's product, what is refused."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

import zslbench
from zslbench import Registry
from zslbench.contracts import ClassTable, Context, Embedding, OpenTask, SeenData
from zslbench.embeddings import EmbeddingWarning
from zslbench.errors import InputError
from zslbench.testing import check_component, samples
from zslbench_plugins.methods.dap import DirectAttributePrediction, prior
from zslbench_plugins.optim.rows import BLOCK

sys.path.insert(0, str(Path(__file__).parent))
import tiny

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
ROLES = ("seen", "unseen", "seen", "seen", "unseen", "seen")
SEEN, UNSEEN = np.array([0, 2, 3, 5]), np.array([1, 4])
S = np.array(
    [[0, 0, 1, 1], [1, 1, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1], [1, 1, 1, 0]], float
)
SOFT = np.abs(S - np.random.default_rng(1).uniform(0, 0.4, S.shape))  # on the same side of ½
SIZES = {"n > d": (400, 12), "d > n": (60, 150)}


def table(values=S):
    vectors = Embedding(np.asarray(values, np.float32), "euclidean", None, {n: n for n in NAMES})
    return ClassTable(NAMES, ROLES, vectors)


def draw(n, d, classes=SEEN, seed=0):
    """Features (n, d) that tell the attributes of their classes, uncertainly, and the labels."""
    rng = np.random.default_rng([seed, n])
    y = classes[rng.integers(len(classes), size=n)]
    spread = np.random.default_rng(7).normal(size=(S.shape[1], d)) / np.sqrt(d)
    X = (S[y] - 0.5) @ spread * 3 + rng.normal(size=(n, d)) + 0.3
    return X.astype(np.float32), y


def task(values=S, n=400, d=12, held_out=40):
    (X, y), (X_val, y_val) = draw(n, d), draw(held_out, d, seed=1)
    return OpenTask(SeenData(X, y, X_val, y_val), table(values), draw(30, d, np.arange(6), 2)[0])


def fit(given=None, **params):
    method = DirectAttributePrediction(**{"gap": 1e-6, **params})
    return method.fit(given or task(), context=Context())


def reference(given, attribute, ridge):
    """The regression of one attribute by scikit-learn: the same objective, its bias a feature."""
    seen = given.seen
    X = np.concatenate([seen.train, seen.validation]).astype(np.float64)
    y = np.concatenate([seen.train_labels, seen.validation_labels])
    model = LogisticRegression(
        C=1 / (len(X) * ridge), fit_intercept=False, solver="newton-cholesky", tol=1e-10
    )
    return model.fit(np.c_[X, np.ones(len(X))], given.classes.embedding.values[y, attribute] >= 0.5)


def loss(weights, given, attribute, ridge):
    """Mean log loss + (ridge / 2) ‖weights‖² in float64."""
    seen = given.seen
    X = np.concatenate([seen.train, seen.validation]).astype(np.float64)
    y = np.concatenate([seen.train_labels, seen.validation_labels])
    logits = np.c_[X, np.ones(len(X))] @ weights
    sign = np.where(S[y, attribute] == 1, 1, -1)
    return np.logaddexp(0, -sign * logits).mean() + ridge / 2 * weights @ weights


def product(p, values, base):
    """Π_a P(a = a_y | x) / P(a = a_y) for every class, as it is written; a power where 0 < a < 1.

    p (n, a), values (c, a), base (a,) → (n, c).
    """
    there, absent = p[:, None] / base, (1 - p[:, None]) / (1 - base)
    return np.prod(there ** values[None] * absent ** (1 - values[None]), axis=2)


def check_against(prediction, P, atol):
    """Labels and margins are those of the probabilities P (n, c), up to a factor an image."""
    log_p = np.log(P)
    margin = log_p[:, SEEN].max(axis=1) - log_p[:, UNSEEN].max(axis=1)
    np.testing.assert_allclose(prediction.margin, margin, rtol=1e-5, atol=atol)
    for labels, group in ((prediction.known_label, SEEN), (prediction.zsl_label, UNSEEN)):
        assert np.isin(labels, group).all()
        chosen = np.take_along_axis(log_p, labels[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(chosen, log_p[:, group].max(axis=1), rtol=1e-5, atol=atol)
    np.testing.assert_array_equal(prediction.novel_label, prediction.zsl_label)


# -------------------------------------------------------------------------------- the regressions


@pytest.mark.parametrize(
    ("size", "gap", "atol"),
    [(SIZES["n > d"], 1e-6, 1e-3), (SIZES["d > n"], 1e-4, 5e-3)],  # of a loss near 0
    ids=SIZES,
)
@pytest.mark.parametrize("ridge", [1e-3, 1e-1])
def test_every_attribute_has_the_probability_that_scikit_learn_gives(size, gap, atol, ridge):
    given = task(n=size[0], d=size[1])
    fitted = fit(given, ridge=ridge, gap=gap)
    X = given.test.astype(np.float64)
    for attribute in range(S.shape[1]):
        expected = reference(given, attribute, ridge).predict_proba(np.c_[X, np.ones(len(X))])
        p = expit(X @ fitted.W_[attribute] + fitted.b_[attribute])
        np.testing.assert_allclose(p, expected[:, 1], atol=atol)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("gap", [0.3, 1e-3])
def test_the_stated_gap_bounds_the_distance_of_every_attribute_to_its_optimum(size, gap):
    given = task(n=size[0], d=size[1])
    fitted = fit(given, gap=gap)
    assert fitted.gap_ <= gap
    reached = []
    for attribute in range(S.shape[1]):
        weights = np.append(fitted.W_[attribute], fitted.b_[attribute]).astype(np.float64)
        reached.append(loss(weights, given, attribute, 1e-3))
        best = loss(reference(given, attribute, 1e-3).coef_[0], given, attribute, 1e-3)
        bound = fitted.gap_ * fitted.loss_ / S.shape[1]
        assert -1e-7 <= reached[-1] - best <= bound + 1e-7
    assert fitted.loss_ == pytest.approx(sum(reached), rel=1e-5)


def test_features_of_very_different_scales_need_few_passes():
    rng = np.random.default_rng(0)
    scales = 50 * np.arange(1, 401) ** -1.0  # a spectrum that falls as that of image features
    given = task(n=1500, d=400)
    X = (given.seen.train * scales) @ np.linalg.qr(rng.normal(size=(400, 400)))[0]
    seen = replace(given.seen, train=X.astype(np.float32), validation=X[:0].astype(np.float32))
    seen = replace(seen, validation_labels=seen.train_labels[:0])
    assert fit(replace(given, seen=seen), gap=1e-2).passes_ <= 80  # 900 without curvature


def test_nothing_needs_to_be_held_out():
    given = task(held_out=0)
    assert given.seen.validation.shape == (0, 12)
    check_against(
        fit(given).predict(given.test), by_scikit_learn(given, given.test, 1e-3), atol=0.02
    )


def test_a_fit_that_runs_out_of_passes_says_what_to_raise():
    with pytest.raises(InputError, match=r"stopped after 3 passes at a relative gap of .*max_pas"):
        fit(gap=1e-9, max_passes=3)


# ------------------------------------------------------------------------------------- the classes


def by_scikit_learn(given, X, ridge):
    """P (n, c) up to a factor, with scikit-learn's probabilities and the priors of the paper."""
    values = given.classes.embedding.values.astype(np.float64)
    wide = np.c_[X.astype(np.float64), np.ones(len(X))]
    p = [reference(given, a, ridge).predict_proba(wide)[:, 1] for a in range(values.shape[1])]
    return product(np.stack(p, axis=1), values, values[SEEN].mean(axis=0))


@pytest.mark.parametrize("values", [S, SOFT], ids=["binary", "real"])
def test_classes_are_scored_by_the_product_over_their_attributes(values):
    given = task(values)
    prediction = fit(given).predict(given.test)
    check_against(prediction, by_scikit_learn(given, given.test, 1e-3), atol=0.02)
    assert prediction.margin.dtype == np.float32
    assert prediction.tied == 0


def knowing(values):
    """A fitted method whose features are the logits of the attributes themselves."""
    method = DirectAttributePrediction()
    method.S_, method.seen_, method.unseen_ = values, SEEN, UNSEEN
    method.prior_, method.kept_ = prior(values[SEEN]), np.arange(values.shape[1])
    method.W_ = np.eye(values.shape[1], dtype=np.float32)
    method.b_ = np.zeros(values.shape[1], np.float32)
    return method


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.booleans())
def test_the_log_space_is_that_of_the_product_whatever_the_probabilities(seed, a, binary):
    rng = np.random.default_rng(seed)
    values = rng.uniform(size=(6, a))
    values = (values > 0.5).astype(float) if binary else values
    X = rng.normal(scale=3, size=(20, a)).astype(np.float32)
    P = product(expit(X.astype(np.float64)), values, prior(values[SEEN]))
    check_against(knowing(values).predict(X), P, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_an_attribute_may_be_told_by_its_absence(seed, a):
    rng = np.random.default_rng(seed)
    values, X = rng.uniform(size=(6, a)), rng.normal(size=(20, a)).astype(np.float32)
    flipped = rng.random(a) < 0.5
    one = knowing(values).predict(X)
    other = knowing(np.where(flipped, 1 - values, values)).predict(np.where(flipped, -X, X))
    np.testing.assert_allclose(one.margin, other.margin, rtol=1e-4, atol=1e-5)


def test_probabilities_near_0_and_1_do_not_overflow():
    X = np.array([[1e4, -1e4, 1e4, -1e4], [-1e4, 1e4, -1e4, 1e4]], np.float32)
    prediction = knowing(S).predict(X)
    assert np.isfinite(prediction.margin).all()
    # certain attributes: the best class is the one that differs in the fewest of them
    distance = np.abs(S[:, None] - (X > 0)).sum(axis=2)
    for labels, group in ((prediction.known_label, SEEN), (prediction.zsl_label, UNSEEN)):
        np.testing.assert_array_equal(distance[labels, [0, 1]], distance[group].min(axis=0))


def test_the_prior_is_the_mean_over_seen_classes_and_a_half_where_that_says_nothing():
    values = np.array([[0, 1, 1, 0.2], [0, 1, 0, 0.9], [0, 1, 0, 0.4]])
    np.testing.assert_allclose(prior(values), [0.5, 0.5, 1 / 3, 0.5])
    np.testing.assert_allclose(fit(task(SOFT)).prior_, SOFT[SEEN].mean(axis=0), rtol=1e-6)


def test_classes_with_equal_attributes_tie_and_the_first_is_named():
    values = S.copy()
    values[5] = values[0]  # fox as ant, both seen
    values[4] = values[3]  # the unseen eel as the seen dog
    X = np.random.default_rng(0).normal(size=(3 * BLOCK, 4)).astype(np.float32)
    prediction = knowing(values).predict(X)
    assert not (prediction.known_label == 5).any()
    as_ant, as_dog = prediction.known_label == 0, prediction.known_label == 3
    assert as_ant.any()
    alike = as_dog & (prediction.zsl_label == 4)
    assert alike.any()
    np.testing.assert_array_equal(prediction.margin[alike], 0)
    assert prediction.tied == ((as_ant & (prediction.margin > 0)) | alike).mean()


def test_a_tie_is_one_for_an_image_alone_too():
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(6, 85))
    values[5], values[4] = values[0], values[3]
    method = knowing(values)
    towards = np.repeat(values[[0, 3]] - 0.5, 30, axis=0)  # images like ant, images like dog
    X = (20 * towards + rng.normal(size=(60, 85))).astype(np.float32)
    assert method.predict(X).tied == 1
    for row in range(len(X)):  # products of few rows sum in another order, column by column
        alone = method.predict(X[row : row + 1])
        assert alone.known_label[0] == (0 if row < 30 else 3)
        assert alone.tied == 1
        assert row < 30 or alone.margin[0] == 0


def test_an_image_is_scored_by_itself():
    given = task()
    fitted = fit(given)
    X = draw(2 * BLOCK + 7, 12, np.arange(6), 3)[0]
    whole = fitted.predict(X)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = fitted.predict(X[order])
    np.testing.assert_allclose(shuffled.margin, whole.margin[order], rtol=1e-6)
    np.testing.assert_array_equal(shuffled.known_label, whole.known_label[order])
    for row in (0, BLOCK, len(X) - 1):
        alone = fitted.predict(X[row : row + 1])
        assert alone.margin[0] == pytest.approx(whole.margin[row], rel=1e-6)
        assert alone.zsl_label[0] == whole.zsl_label[row]
    assert len(fitted.predict(X[:0]).margin) == 0


# ------------------------------------------------------------------------- what cannot be learnt


def with_constants():
    """S with a first attribute of all, and a last one that no seen class has."""
    last = np.zeros(6)
    last[1] = 1
    return np.c_[np.ones(6), S, last]


def test_attributes_that_are_the_same_for_all_seen_classes_are_left_out_and_listed():
    given = task(with_constants())
    with pytest.warns(EmbeddingWarning, match="leaves out 2 of 6 attributes.*number 1, 6"):
        fitted = fit(given)
    np.testing.assert_array_equal(fitted.dropped_, [0, 5])
    np.testing.assert_array_equal(fitted.kept_, [1, 2, 3, 4])
    np.testing.assert_allclose(fitted.prior_[[0, 5]], 0.5)
    without = fit(task())
    assert without.dropped_.size == 0
    np.testing.assert_array_equal(
        fitted.predict(given.test).margin, without.predict(given.test).margin
    )


def test_values_on_one_side_of_a_half_have_the_same_training_labels():
    given = task(np.c_[SOFT, [0.6, 0.1, 0.9, 0.5, 0.2, 1.0]])
    with pytest.warns(EmbeddingWarning, match="number 5"):
        assert fit(given).dropped_.tolist() == [4]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (S * 1.5, r"'ant' has 1\.5 as its attribute 3: .*--embedding attributes/PATH"),
        (S - 0.25, r"'ant' has -0\.25 as its attribute 1"),
        (np.random.default_rng(0).normal(size=(6, 50)), "binary or probability-like"),
        (np.tile(S[0], (6, 1)), "any of the 4 attributes: each is the same for all seen classes"),
    ],
    ids=["above", "below", "word vectors", "constant"],
)
def test_class_vectors_that_are_no_attributes_are_refused(values, said):
    with pytest.raises(InputError, match=said):
        fit(task(values))


def test_without_class_vectors_it_says_what_to_give():
    given = task()
    bare = replace(given, classes=replace(given.classes, embedding=None))
    with pytest.raises(InputError, match="--embedding attributes/PATH"):
        fit(bare)


def test_unseen_classes_that_only_a_left_out_attribute_tells_apart_are_named():
    values = with_constants()
    values[4, :5] = values[1, :5]
    said = "'bee', 'eel' have equal attributes without number 1, 6"
    with pytest.warns(EmbeddingWarning), pytest.raises(InputError, match=said):
        fit(task(values))
    with pytest.raises(InputError, match="'bee', 'eel' have equal attributes: dap could not"):
        fit(task(values[:, 1:5]))


# --------------------------------------------------------------------------------- in the harness


def test_it_keeps_the_contract_of_methods_where_classes_have_attributes(monkeypatch):
    monkeypatch.setattr(samples, "class_table", lambda: table(np.c_[S, S[:, 0]]))
    check_component(Registry.discover(), "method", "dap")


def shapes_table(path):
    """Which texture, colour and form each class of the shapes has, by the words of its name."""
    from zslbench_plugins.datasets.shapes import Shapes

    classes = Shapes.card.classes
    words = sorted({word for name in classes for word in name.split()})
    lines = ["class," + ",".join(words)]
    lines += [f"{n}," + ",".join(str(int(w in n.split())) for w in words) for n in classes]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_shapes_by_their_texture_colour_and_form(tmp_path):
    path = shapes_table(tmp_path / "parts.csv")
    record = zslbench.evaluate(
        "dap",
        "shapes",
        slots={"backbone": "pixels", "embedding": f"attributes/{path}"},
        set={"dataset.images_per_class": 60, "method.ridge": 0.01},
        threads=1,
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
    )
    assert record.scores.T1 > 0.5  # of three unseen classes
    assert record.scores.known_accuracy > 0.3  # of 17 seen ones
    assert record.scores.curve_kind == "stacking"
    assert record.slots["embedding"].name == "attributes/parts.csv"
    assert record.method.params == {"ridge": 0.01, "gap": 0.01, "max_passes": 1000}


def test_word_vectors_of_the_data_set_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match=r"'blue' has 2\.2 as its attribute 3: .*attributes/PATH"):
        zslbench.evaluate(
            "dap",
            "colours",
            slots={"backbone": "mean-colour"},
            threads=1,
            plugins=[tiny],
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
        )
