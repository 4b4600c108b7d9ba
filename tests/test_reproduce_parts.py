"""Every part of the page, drawn from runs on shapes, and from none."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path
from statistics import fmean, stdev

import pytest
from matplotlib.figure import Figure

from zslbench import Registry
from zslbench.grid import make_grid
from zslbench.runner import Runner, Workspace
from zslbench_plugins.reproduce.experiment import Desk, Part, Row, Rows
from zslbench_plugins.reproduce.measured import finding, of_seed
from zslbench_plugins.reproduce.page import Section, render
from zslbench_plugins.reproduce.parts import (
    ablations,
    beyond,
    hundred,
    novel_images,
    softmax,
    space,
    threshold,
)
from zslbench_plugins.reproduce.socher2013 import EXPERIMENTS

REAL = Path(__file__).parents[1] / ".." / "shared" / "data" / "socher2013"
SMALL = {
    "backbone.bases": 20, "backbone.patches": 2000, "backbone.rounds": 3,
    "mapping.epochs": 1, "mapping.max_passes": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A plan's slots, settings and seeds → its rows on shapes, with a small dictionary."""
    home = tmp_path_factory.mktemp("parts")
    runner = Runner(Registry.discover(), Workspace(home / "data", home / "out", home / "cache"))

    def rows(slots: dict[str, object], seeds: object = 0, **settings: object) -> Rows:
        grid = make_grid(
            method="socher2013", dataset="shapes", slots=slots, set=SMALL | settings, seeds=seeds,
            threads=1,
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
    part = experiment.draw(at_desk(Rows(())))
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
    starts = run({"mapping": "socher2013-restarted"}, **{"mapping.start": [1, 2]})
    decay = run({}, **{"mapping.decay": [1e-3]})
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
    names = [f.what for f in part.findings if "right at 70 % seen" in f.what]
    assert all(name.endswith(", seed 0") for name in names)
    assert finding("H", both, "H").command.count("--seeds 0,1") == 1


def test_without_the_authors_curves_the_page_does_not_speak_of_their_points(rows: Rows) -> None:
    part = threshold.draw(at_desk(rows))
    assert "is not at hand here" in " ".join(part.words)
    assert "eleven points" not in part.drawings[0].reading
    assert {f.published for f in part.findings} == {None}


@pytest.mark.skipif(not REAL.is_dir(), reason="the authors' curves are not here")
def test_the_curves_stand_over_the_authors_own_and_their_legend_fits(rows: Rows) -> None:
    part = threshold.draw(replace(at_desk(rows), reference=REAL))
    assert legends_fit(part.drawings[0].figure)
    assert {row[0] for row in part.drawings[0].rows} == {"here", "authors"}
    (found,) = (f for f in part.findings if f.what.startswith("LoOP: best H"))
    assert found.published == pytest.approx(0.4946, abs=5e-5)
