"""LoOP against its equations in plain float64, with ties, duplicates and far points."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench_plugins.novelty import neighbours
from zslbench_plugins.novelty.loop import LoopDetector
from zslbench_plugins.novelty.neighbours import SPARE, Neighbours

CLASSES = ClassTable(("a", "b", "c"), ("seen", "seen", "unseen"))
CONTEXT = Context(seed=0, threads=1)


def plain_loop(F, y, T, *, k, lam, contexts, denominator, root2):
    """Novelty and probability of T, point by point, as the equations are printed."""
    groups = (
        [np.arange(len(F))] if contexts == "pooled" else [np.flatnonzero(y == c) for c in (0, 1)]
    )
    ratios = [_ratios(F[rows], T, k, lam, denominator) for rows in groups]
    novelty = np.min(ratios, axis=0)
    scale = math.sqrt(2) if root2 else 1.0
    return novelty, np.array([max(0.0, math.erf(r / scale)) for r in novelty])


def _ratios(F, T, k, lam, denominator):
    def distance(a, b):
        return math.sqrt(math.fsum((a - b) ** 2))

    def context(f, without=None):
        others = [i for i in range(len(F)) if i != without]
        return sorted(others, key=lambda i: (distance(f, F[i]), i))[:k]

    def pdist(f, C):
        return lam * math.sqrt(math.fsum(distance(f, F[q]) ** 2 for q in C) / len(C))

    contexts = [context(F[i], i) for i in range(len(F))]
    own = [pdist(F[i], contexts[i]) for i in range(len(F))]

    def lof(f, C):
        below = [own[q] if denominator == "own" else pdist(f, contexts[q]) for q in C]
        mean, mine = math.fsum(below) / len(C), pdist(f, C)
        return 0.0 if mine == mean == 0 else mine / mean - 1

    Z = lam * math.sqrt(math.fsum(lof(F[i], contexts[i]) ** 2 for i in range(len(F))) / len(F))
    return [lof(t, context(t)) / Z for t in T]


def views(F, T):
    return View(Z=F.astype(np.float32)), View(Z=T.astype(np.float32))


def cloud(n=60, m=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    F = rng.normal(size=(n, m)) + 3 * y[:, None]
    return F.astype(np.float32).astype(float), y, rng.normal(size=(25, m)).astype(np.float32) * 3.0


@pytest.mark.parametrize("contexts", ["pooled", "per-class"])
@pytest.mark.parametrize("denominator", ["own", "paper"])
@pytest.mark.parametrize("root2", [False, True])
def test_it_is_the_equations(contexts, denominator, root2):
    F, y, T = cloud()
    options = {"contexts": contexts, "denominator": denominator, "root2": root2}
    model = LoopDetector(k=5, lam=(2.5,), **options)
    train, test = views(F, T)
    model.fit(train, y, CLASSES, context=CONTEXT)
    novelty, probability = plain_loop(F, y, T.astype(float), k=5, lam=2.5, **options)
    np.testing.assert_allclose(model.novelty(test), novelty, rtol=1e-9)
    np.testing.assert_allclose(model.p_unseen(test), probability, atol=1e-9, rtol=0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=8, max_size=30),
    st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=1, max_size=5),
    st.sampled_from(("own", "paper")),
)
def test_ties_and_duplicates_are_as_in_the_equations(points, queries, denominator):
    F, T = np.array(points, dtype=float), np.array(queries, dtype=float)
    k, y = 3, np.arange(len(F)) % 2
    train, test = views(F, T)
    model = LoopDetector(k=k, denominator=denominator).fit(train, y, CLASSES, context=CONTEXT)
    assert np.isfinite(model.novelty(test)).all()
    try:
        novelty, probability = plain_loop(
            F, y, T, k=k, lam=3.0, contexts="pooled", denominator=denominator, root2=False
        )
    except ZeroDivisionError:
        return  # where the equations have no value, a finite one is all that is asked
    np.testing.assert_allclose(model.novelty(test), novelty, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.p_unseen(test), probability, atol=1e-9, rtol=0)


@pytest.mark.parametrize("denominator", ["own", "paper"])
def test_coinciding_points_give_finite_numbers_and_far_ones_certainty(denominator):
    F, y = np.zeros((12, 3)), np.arange(12) % 2
    train, test = views(F, np.array([[0.0, 0, 0], [0.5, 0, 0], [1, 0, 0], [2, 0, 0]]))
    model = LoopDetector(k=4, denominator=denominator).fit(train, y, CLASSES, context=CONTEXT)
    novelty = model.novelty(test)
    assert novelty[0] == 0
    assert np.isfinite(novelty).all()
    if denominator == "own":
        assert model.p_unseen(test).tolist() == [0, 1, 1, 1]
        assert (np.diff(novelty) > 0).all()
    else:  # an image is as far from its neighbours as from theirs: nothing tells it apart
        assert novelty.tolist() == [0, 0, 0, 0]


def test_many_equal_points_and_one_beside_them_do_not_hide_the_outliers():
    rng = np.random.default_rng(1)
    many, beside = np.zeros((25, 3)) + 9, np.full((1, 3), 9.001)
    F = np.concatenate([many, beside, rng.normal(size=(300, 3))])
    T = np.array([[6.0, -6, 6], [0.1, 0, 0]])
    model = LoopDetector(k=10).fit(views(F, T)[0], np.arange(len(F)) % 2, CLASSES, context=CONTEXT)
    outlier, ordinary = model.p_unseen(views(F, T)[1])
    assert outlier > 0.1
    assert ordinary < outlier / 2


def test_lambda_moves_the_probability_alone():
    F, y, T = cloud()
    train, test = views(F, T)
    one = LoopDetector(k=5, lam=(1.0,)).fit(train, y, CLASSES, context=CONTEXT)
    three = LoopDetector(k=5, lam=(3.0,)).fit(train, y, CLASSES, context=CONTEXT)
    np.testing.assert_allclose(one.novelty(test), 3 * three.novelty(test), rtol=1e-12)


def test_a_number_a_class_is_the_least_of_both_classes():
    F, y, T = cloud()
    train, test = views(F, T)
    both = LoopDetector(k=5, lam=(2.0, 5.0), contexts="per-class")
    both.fit(train, y, CLASSES, context=CONTEXT)
    alone = [_ratios(F[y == c], T.astype(float), 5, lam, "own") for c, lam in ((0, 2.0), (1, 5.0))]
    np.testing.assert_allclose(both.novelty(test), np.min(alone, axis=0), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 60}, "set k to at most 59"),
        ({"k": 30, "contexts": "per-class"}, "class 'a' has 30 training points"),
        ({"lam": (1.0, 2.0)}, "lam has 2 numbers"),
        ({"lam": (1.0, 2.0, 3.0), "contexts": "per-class"}, "2 seen classes"),
        ({"lam": (-1.0,)}, "numbers > 0"),
        ({"contexts": "mine"}, "pooled or per-class"),
        ({"denominator": "mine"}, "own or paper"),
    ],
)
def test_what_cannot_be_is_said(options, message):
    F, y, T = cloud()
    with pytest.raises(InputError, match=message):
        LoopDetector(**options).fit(views(F, T)[0], y, CLASSES, context=CONTEXT)


def test_a_class_without_neighbours_is_told_of_the_way_out():
    F, y, T = cloud()
    alone = LoopDetector(k=1, contexts="per-class")
    with pytest.raises(InputError, match=r"class 'b' has 0 training points.* contexts=pooled"):
        alone.fit(views(F, T)[0], 0 * y, CLASSES, context=CONTEXT)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from((0.0, 1e3, 1e6)))
def test_neighbours_are_exact_however_float32_rounds(seed, gridded, shift):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(SPARE + 40, 3)) + shift
    if gridded:
        points = np.round(points)  # many ties
    queries = points[:10] + (0 if gridded else 1e-4 * rng.normal(size=(10, 3)))
    found = Neighbours(points).search(queries, 4)
    for query, squares, rows in zip(queries, found.squares, found.rows, strict=True):
        every = np.square(points - query).sum(axis=1)
        expected = np.argsort(every, kind="stable")[:4]
        assert rows.tolist() == expected.tolist()
        np.testing.assert_array_equal(squares, every[expected])


def test_differences_of_few_numbers_at_a_time_find_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    points, queries = rng.normal(size=(300, 20)), rng.normal(size=(50, 20))
    whole = Neighbours(points).search(queries, 5)
    monkeypatch.setattr(neighbours, "NUMBERS", 700)  # two queries' candidates
    few = Neighbours(points).search(queries, 5)
    np.testing.assert_array_equal(few.rows, whole.rows)
    np.testing.assert_array_equal(few.squares, whole.squares)


def test_a_point_is_never_its_own_neighbour_but_its_duplicate_is():
    points = np.array([[0.0, 0], [0, 0], [1, 0], [5, 5]])
    found = Neighbours(points).search(points, 2, own=np.arange(4))
    assert found.rows[:2].tolist() == [[1, 2], [0, 2]]
    assert found.squares[0].tolist() == [0.0, 1.0]
