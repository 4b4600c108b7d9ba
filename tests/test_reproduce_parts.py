"""Every part of the page, drawn from runs on shapes, and from none."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from itertools import combinations
from pathlib import Path
from statistics import fmean, stdev
from types import MappingProxyType

import numpy as np
import pytest
from browser import NEEDS_CHROMIUM, PHONE, check_on_a_phone, photograph
from matplotlib.figure import Figure
from scipy.stats import binomtest

from zslbench import Registry
from zslbench.grid import make_grid
from zslbench.runner import Runner, Workspace
from zslbench_plugins.datasets.shapes import Shapes
from zslbench_plugins.reproduce.experiment import Desk, Part, Row, Rows
from zslbench_plugins.reproduce.measured import finding, of_seed
from zslbench_plugins.reproduce.page import Section, render, write_page
from zslbench_plugins.reproduce.parts import (
    ablations,
    attributes,
    bayesian,
    beyond,
    distractors,
    hundred,
    novel_images,
    pairs,
    softmax,
    space,
    threshold,
)
from zslbench_plugins.reproduce.socher2013 import EXPERIMENTS

REAL = Path(__file__).parents[1] / ".." / "shared" / "data" / "socher2013"
BASES = {"backbone.bases": 20, "backbone.patches": 2000, "backbone.rounds": 3}
SMALL = BASES | {"mapping.epochs": 1, "mapping.max_passes": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A plan's slots, settings and seeds → its rows on shapes, with a small dictionary."""
    home = tmp_path_factory.mktemp("parts")
    runner = Runner(Registry.discover(), Workspace(home / "data", home / "out", home / "cache"))

    def rows(
        slots: dict[str, object],
        settings: dict[str, object] = MappingProxyType({}),  # type: ignore[assignment]
        **axes: object,
    ) -> Rows:
        grid = make_grid(
            **{"method": "socher2013", "dataset": "shapes", "threads": 1} | axes,
            slots=slots, set=(SMALL if "method" not in axes else {}) | dict(settings),
        )  # fmt: skip
        return Rows(tuple(Row(r, runner.run(r), runner) for r in grid.requests()))

    return rows


@pytest.fixture(scope="module")
def rows(run) -> Rows:  # type: ignore[no-untyped-def]
    found: Rows = run({"novelty": ["gaussian", "loop", "logistic-distance"]})
    return found


def at_desk(plans: dict[str, Rows] | Rows) -> Desk:
    def of(name: str) -> Rows:
        if isinstance(plans, Rows) and name == "loop-variants":
            return plans.where(novelty="loop")
        return plans if isinstance(plans, Rows) else plans.get(name, Rows(()))

    return Desk(rows=of, reference=None)


def told(part: Part) -> dict[str, float | None]:
    return {found.what: found.value for found in part.findings}


def legends_fit(figure: Figure) -> bool:
    """Whether the legends lie within the figure's width."""
    figure.draw_without_rendering()
    boxes = [legend.get_window_extent() for legend in figure.legends]
    return all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.key)
def test_a_part_whose_rows_all_failed_is_drawn_without_figures(experiment) -> None:  # type: ignore[no-untyped-def]
    none = dict.fromkeys(experiment.plans, Rows(()))  # and asks for no plan of another's
    part = experiment.draw(Desk(rows=none.__getitem__, reference=None))
    assert part.words
    assert {found.value for found in part.findings} <= {None}


@pytest.mark.parametrize(
    "draw", [p.draw for p in (ablations, beyond, hundred, novel_images, softmax, space, threshold)]
)
def test_a_part_shows_what_its_rows_hold(draw, rows: Rows) -> None:  # type: ignore[no-untyped-def]
    part = draw(at_desk(rows))
    experiment = next(e for e in EXPERIMENTS if e.draw is draw)
    page = unescape(render([Section(experiment, part)], [], ""))
    for found in part.findings:
        assert found.what in page
    for drawing in part.drawings:
        assert legends_fit(drawing.figure), f"the legend of {drawing.name} is cut off"
    measured = [f for f in part.findings if f.value is not None]
    assert measured or part.drawings
    assert all(0 <= f.value <= 1 for f in measured if f.value is not None)


def test_an_ablation_stands_beside_the_run_that_it_changes(run, rows: Rows) -> None:  # type: ignore[no-untyped-def]
    starts = run({"mapping": "socher2013-restarted"}, {"mapping.start": [1, 2]})
    decay = run({}, {"mapping.decay": [1e-3]})
    part = ablations.draw(at_desk({"cat-truck": rows, "starts": starts, "decay": decay}))
    plain = rows.where(novelty="gaussian")[0].scores.zsl_accuracy
    assert told(part)["as elsewhere on this page: cat–truck"] == plain
    values = [plain, *(row.scores.zsl_accuracy for row in starts)]
    (found,) = (f for f in part.findings if f.what == "3 starts of the map: cat–truck")
    assert (found.runs, found.over) == (3, "starts")
    assert found.value == pytest.approx(fmean(values))
    assert found.spread == pytest.approx(stdev(values))
    assert found.command == "", "of several runs"
    assert told(part)["the map with weight decay 0.001: cat–truck"] == decay[0].scores.zsl_accuracy


def test_what_is_of_one_seed_of_several_says_which(run) -> None:  # type: ignore[no-untyped-def]
    both = run({"novelty": "gaussian"}, seeds=[0, 1])
    assert of_seed(both) == ", seed 0"
    assert of_seed(both[:1]) == ""
    part = threshold.draw(at_desk({"cat-truck": both}))
    found = [f for f in part.findings if "right at 70 % seen" in f.what]
    assert {f.runs for f in found} <= {2}, "of both"
    assert part.drawings[1].title.endswith("Gaussian, seed 0")
    assert finding("H", both, "H").command.count("--seeds 0,1") == 1


def test_what_no_score_tells_is_a_mean_over_seeds_too(run) -> None:  # type: ignore[no-untyped-def]
    both = run({"novelty": "gaussian"}, seeds=[0, 1])
    plain, learnt = novel_images.draw(at_desk({"false-positives": both})).findings
    for found, count in (
        (plain, novel_images.false_positives), (learnt, novel_images.learnt_false_positives),
    ):  # fmt: skip
        shares = [hits / n for hits, n in map(count, both)]
        assert found.value == pytest.approx(fmean(shares))
        assert (found.spread, found.runs) == (pytest.approx(stdev(shares)), 2)
        assert "(95 %, seed 0: " in found.what
    assert (plain.published, learnt.published) == (0.12, None)


def test_without_the_authors_curves_the_page_does_not_speak_of_their_points(rows: Rows) -> None:
    part = threshold.draw(at_desk(rows))
    assert "is not at hand here" in " ".join(part.words)
    drawn = part.drawings[0]
    for text in (*part.words[:2], drawn.reading, drawn.explanation, drawn.alt):
        assert "authors" not in text
    assert {f.published for f in part.findings} == {None}


@pytest.mark.skipif(not REAL.is_dir(), reason="the authors' curves are not here")
def test_the_curves_stand_over_the_authors_own_and_their_legend_fits(rows: Rows) -> None:
    part = threshold.draw(replace(at_desk(rows), reference=REAL))
    assert legends_fit(part.drawings[0].figure)
    assert {row[0] for row in part.drawings[0].rows} == {"here", "authors"}
    (found,) = (f for f in part.findings if f.what.startswith("LoOP: best H"))
    assert found.published == pytest.approx(0.4946, abs=5e-5)


def test_the_bayesian_sum_with_the_gaussian_is_the_hard_gate_image_by_image(run, rows) -> None:  # type: ignore[no-untyped-def]
    slots = {"gate": "bayesian", "unseen_classifier": "isotropic-gaussian"}
    gaussian = run({"novelty": "gaussian", **slots}, {"gate.probability": "cut"})
    widths = ["held-out", "train", "1"]
    loop = run({"novelty": "loop", **slots}, {"unseen_classifier.width": widths})
    both = run(
        {"novelty": "loop", **slots}, {"novelty.lam": ["1", "10"], "novelty.root2": [False, True]}
    )
    theirs = run(
        {"novelty": "loop", "gate": "bayesian", "unseen_classifier": "sampled-softmax"},
        {"novelty.contexts": "per-class", "novelty.root2": True},
    )
    plans = {
        "cat-truck": rows, "bayesian": loop, "bayesian-gaussian": gaussian,
        "bayesian-loop": both, "bayesian-authors": theirs,
    }  # fmt: skip
    part = bayesian.draw(at_desk(plans))
    n = len(gaussian[0].inspect().labels.y)
    assert f"({n:,} of {n:,} test images labelled alike)" in part.words[0]
    figures = told(part)
    assert figures["LoOP: H"] == loop[0].scores.H
    assert figures["LoOP, width 1: seen"] == loop[2].scores.seen_accuracy
    assert figures["LoOP, λ = 10, with 1/√2: unseen"] == both[3].scores.unseen_accuracy
    assert figures["LoOP with the authors' settings: H"] == theirs[0].scores.H
    assert [drawing.name for drawing in part.drawings] == ["table1"], "theirs is of other classes"


def test_the_authors_seen_accuracy_is_reached_and_hardly_passed(run) -> None:  # type: ignore[no-untyped-def]
    (row,) = run({"novelty": "loop"})
    (found,) = bayesian._at_their_seen("LoOP", Rows((row,)))
    curve = row.scores.curve
    # From everything novel on: between the last kept point below 81 % and the first that has it.
    first = next(i for i, s in enumerate(curve.seen_accuracy) if s >= bayesian.THEIR_SEEN)
    assert found.value is not None
    assert curve.unseen_accuracy[first] <= found.value <= curve.unseen_accuracy[first - 1]
    assert found.published == bayesian.THEIR_UNSEEN


def test_pairs_stand_in_a_heat_map_beside_what_random_words_give(run) -> None:  # type: ignore[no-untyped-def]
    names = Shapes.card.classes
    chosen = [list(pair) for pair in combinations(names[:3], 2)]
    slots, small = {"gate": "all-unseen"}, {"mapping.epochs": 1, "mapping.max_passes": 2}
    basis = {key.replace("backbone.", "backbone.0."): value for key, value in BASES.items()}
    reduced = {"backbone": "reduced/coates2011"} | slots
    five = run(slots, unseen=chosen[:1], seeds=[0, 1])
    every = run(reduced, basis | small | {"backbone.k": 5}, unseen=chosen, method="socher2013")
    random = run(
        {"embedding": "random", "mapping": "linear"} | reduced,
        basis | {"backbone.k": 5, "embedding.draw": [0, 1, 2]},
        method="socher2013",
    )
    named = f"{'–'.join(random[0].unseen)}, random words, linear map, in 5 components"
    plans = {"pairs": five, "all-pairs": every, "random-words": random}
    part = pairs.draw(at_desk(plans))
    heat, words, strokes = part.drawings
    cells = {(a, b): value for a, b, value in heat.rows}
    for row in every:
        a, b = row.unseen
        assert cells.get((a, b), cells.get((b, a))) == pytest.approx(row.scores.zsl_accuracy)
    unit = every[0].pipeline.embedding.values.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    order = list(every[0].record.dataset.classes)
    for a, b, cosine in words.rows:
        assert cosine == pytest.approx(unit[order.index(a)] @ unit[order.index(b)], abs=1e-6)
    figures = told(part)
    scores = sorted(row.scores.zsl_accuracy for row in random)
    given = [figures[f"{named}, 3 draws: {which}"] for which in ("lowest", "highest")]
    assert given == [scores[0], scores[-1]]
    assert f"{'–'.join(five[0].unseen)}, in 5 components, seed 0" in figures
    assert strokes.rows


def test_distractors_take_images_from_a_word_that_they_lie_beside(run) -> None:  # type: ignore[no-untyped-def]
    rows = run(
        {"embedding": "random", "gate": "all-unseen"},
        {"unseen_classifier.candidates": "unseen+distractors"},
        distractors=[[], ["window", "bottle"], ["window", "bottle", "garden", "river"]],
        seeds=[0, 1],
    )
    part = distractors.draw(at_desk({"distractors-nouns": rows}))
    (curve,) = part.drawings
    assert [n for _, n, _ in curve.rows] == [0, 2, 4]
    for _, n, value in curve.rows:
        same = [r.scores.zsl_accuracy for r in rows if len(r.record.split.distractors) == n]
        assert len(same) == 2
        assert value == pytest.approx(fmean(same))
    accuracies = [value for _, _, value in curve.rows]
    assert accuracies == sorted(accuracies, reverse=True), "more candidates, the same order"


def test_attributes_are_stated_with_their_exact_interval(run, rows, tmp_path) -> None:  # type: ignore[no-untyped-def]
    names = Shapes.card.classes
    words = sorted({word for name in names for word in name.split()})
    lines = [f"{n}," + ",".join(str(int(w in n.split())) for w in words) for n in names]
    table = tmp_path / "parts.csv"
    table.write_text("\n".join(["class," + ",".join(words), *lines]))
    dap = run({"backbone": "pixels", "embedding": f"attributes/{table}"}, method="dap")
    (first, *_) = attributes.draw(at_desk({"dap": dap, "cat-truck": rows})).findings
    scores = dap[0].scores
    hits = round(scores.zsl_accuracy * scores.unseen_images)
    expected = binomtest(hits, scores.unseen_images).proportion_ci(0.95, method="exact")
    assert f"(95 %: {100 * expected.low:.1f} to {100 * expected.high:.1f} %)" in first.what


def test_two_layers_and_one_are_compared_on_the_same_images(run) -> None:  # type: ignore[no-untyped-def]
    (two,) = run({"gate": "all-unseen"})
    (one,) = run({"gate": "all-unseen", "mapping": "linear"}, BASES, method="socher2013")
    gain, se = hundred.paired_gain(two, one)
    per_class = two.scores.T1 - one.scores.T1
    assert gain == pytest.approx(two.scores.zsl_accuracy - one.scores.zsl_accuracy)
    assert 0 < se <= (two.scores.zsl_accuracy_se**2 + one.scores.zsl_accuracy_se**2) ** 0.5 * 1.5
    part = hundred.draw(at_desk({"cifar106": Rows((two,)), "cifar106-linear": Rows((one,))}))
    words = part.words[1].replace("−", "-")
    assert f"two layers have {100 * gain:+.1f} ± {100 * se:.1f} points over one per image" in words
    assert f"{100 * per_class:+.1f} per class" in words


@NEEDS_CHROMIUM
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_every_drawing_on_a_phone(dark: bool, rows: Rows, tmp_path: Path) -> None:
    drawn = [e for e in EXPERIMENTS if e.draw in (space.draw, threshold.draw, novel_images.draw)]
    sections = [Section(e, e.draw(at_desk(rows)), (), "zslbench reproduce") for e in drawn]
    page = write_page(sections, [("Seeds", "0")], "A warning.", tmp_path)
    size = (PHONE[0], 9_000)
    shown = photograph(page, tmp_path / "shot.png", size, dark=dark)
    check_on_a_phone(shown, dark=dark, size=size)
    count = sum(len(s.part.drawings) for s in sections if s.part)
    assert len(list((tmp_path / "figures").glob("*.svg"))) == count == 7
