"""Parameters: what is allowed arrives typed; what is not is refused, with what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zslbench.errors import InputError
from zslbench.params import describe, parse, resolve, suggest, suggest_or_list, written
from zslbench.specs import Param

OWNER = "mapping 'm'"
RIDGE = Param("ridge", "float", 1.0, "penalty", minimum=0, exclusive_minimum=True)
HIDDEN = Param("hidden", "int", 200, "units", minimum=1, maximum=1000)
METRIC = Param("metric", "str", "euclidean", "distance", choices=("euclidean", "cosine"))
CORPUS = Param("corpus", "path", None, "a file", optional=True)
RIDGES = Param("ridges", "floats", (1.0, 2.0), "penalties", minimum=0)
WORDS = Param("words", "strs", ("a",), "words")
SCALED = Param("scaled", "bool", True, "a switch")


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_any_float_within_bounds_survives_being_typed(value):
    assert parse(OWNER, RIDGE, repr(value)) == value == parse(OWNER, RIDGE, value)


@given(st.integers(1, 1000))
def test_any_int_within_bounds_survives_being_typed(value):
    parsed = parse(OWNER, HIDDEN, str(value))
    assert parsed == value
    assert type(parsed) is int


@given(st.lists(st.floats(min_value=0, allow_infinity=False), min_size=1))
def test_any_list_of_floats_survives_being_typed(values):
    assert parse(OWNER, RIDGES, ",".join(map(repr, values))) == tuple(values)
    assert parse(OWNER, RIDGES, values) == tuple(values)


@pytest.mark.parametrize(
    ("param", "given", "expected"),
    [
        (SCALED, "false", False),
        (SCALED, "Yes", True),
        (SCALED, False, False),
        (METRIC, "cosine", "cosine"),
        (CORPUS, "none", None),
        (CORPUS, None, None),
        (CORPUS, "a/b.txt", "a/b.txt"),
        (WORDS, "a,b c", ("a", "b c")),
        (HIDDEN, 3.0, 3),
        (RIDGE, "1e-3", 0.001),
    ],
)
def test_values_arrive_typed(param, given, expected):
    assert parse(OWNER, param, given) == expected


@pytest.mark.parametrize(
    ("param", "given"),
    [
        (RIDGE, "0"),
        (RIDGE, "-1"),
        (RIDGE, "nan"),
        (RIDGE, "inf"),
        (RIDGE, "much"),
        (RIDGE, None),
        (RIDGE, True),
        (HIDDEN, "0"),
        (HIDDEN, "1001"),
        (HIDDEN, "2.5"),
        (HIDDEN, 2.5),
        (METRIC, "manhattan"),
        (METRIC, ""),
        (SCALED, "perhaps"),
        (SCALED, 3),
        (RIDGES, "1,x"),
        (RIDGES, "1,-1"),
        (RIDGES, 1.0),
        (WORDS, "a,,b"),
    ],
)
def test_what_is_not_allowed_is_refused_with_name_value_and_what_is(param, given):
    with pytest.raises(InputError) as refused:
        parse(OWNER, param, given)
    message = str(refused.value)
    assert f"parameter {param.name!r} of mapping 'm' must be {describe(param)}" in message
    assert repr(given) in message


@pytest.mark.parametrize("param", [RIDGE, HIDDEN, METRIC, CORPUS, RIDGES, WORDS, SCALED])
def test_a_default_can_be_typed_as_it_is_written(param):
    assert parse(OWNER, param, written(param.default)) == param.default


def test_bounds_are_said_in_words():
    assert describe(RIDGE) == "float > 0"
    assert describe(HIDDEN) == "int ≥ 1 and ≤ 1000"
    assert describe(METRIC) == "one of euclidean, cosine"
    assert describe(CORPUS) == "path or none"
    assert describe(RIDGES) == "floats, comma-separated ≥ 0"


def test_later_layers_win_and_every_value_knows_where_it_came_from():
    layers = [("recipe", {"ridge": 2}), ("dataset", {"hidden": 5}), ("user", {"ridge": "3"})]
    resolved = resolve(OWNER, (RIDGE, HIDDEN, METRIC), layers)
    assert resolved.values == {"ridge": 3.0, "hidden": 5, "metric": "euclidean"}
    assert resolved.origins == {"ridge": "user", "hidden": "dataset", "metric": "default"}


def test_an_unknown_parameter_is_refused_with_the_nearest_and_all_there_are():
    with pytest.raises(InputError, match=r"no parameter 'rige': did you mean 'ridge'\?") as refused:
        resolve(OWNER, (RIDGE, HIDDEN), [("user", {"rige": 1})])
    assert "it has ridge, hidden" in str(refused.value)
    with pytest.raises(InputError, match="it has no parameters"):
        resolve(OWNER, (), [("user", {"ridge": 1})])


def test_suggestions_do_not_mind_capitals_and_are_silent_where_nothing_is_near():
    assert suggest("CIFAR10", ("cifar10", "shapes")) == ": did you mean 'cifar10'?"
    assert suggest("zebra", ("cifar10", "shapes")) == ""


def test_where_nothing_is_near_a_few_names_are_listed_and_many_are_not():
    assert suggest_or_list("cifar", ("cifar10", "shapes")) == ": did you mean 'cifar10'?"
    assert suggest_or_list("zebra", ("cifar10", "shapes")) == "; known: cifar10, shapes;"
    assert suggest_or_list("zebra", tuple("abcdfghijk")).endswith("k;")
    assert suggest_or_list("zebra", tuple("abcdfghijkl")) == ";"
    assert suggest_or_list("zebra", ()) == ";"
