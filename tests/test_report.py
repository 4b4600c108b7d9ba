"""The report of a run: a page of its own that can be read anywhere, with the record's numbers."""

from __future__ import annotations

import base64
import csv
import errno
import io
import itertools
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
import tiny
from browser import NEEDS_CHROMIUM, PHONE, check_on_a_phone, photograph
from matplotlib.figure import Figure
from PIL import Image
from report_cases import CIFAR, HOSTILE, SHAPES, DrawnRun, draw_run, failed_run

import zslbench
from zslbench.contracts import Setting
from zslbench.errors import DataError, EnvironmentFailure, InputError
from zslbench.report import write_report
from zslbench.report.drawing import Drawing
from zslbench.report.headline import state_facts, sum_up
from zslbench.report.labels import place_labels
from zslbench.report.numbers import duration, enumerate_names, memory, percent
from zslbench.report.page import draw_figures
from zslbench.report.palette import DARK, LIGHT
from zslbench.report.tables import GROUPS
from zslbench.score import NoveltyScores, Scores
from zslbench.store import Store

FIGURES = ("confusion", "curve", "novelty", "wordspace")


class PageReader(HTMLParser):
    """Collects what a browser would see: tags, attributes, text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u202f", " ").split())

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]


@pytest.fixture(scope="module")
def run() -> DrawnRun:
    return draw_run(images=60)


@pytest.fixture(scope="module")
def page(run: DrawnRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    return write_report(run.store(out), out / "pages")


def read_figure(page: Path, name: str) -> list[dict[str, str]]:
    text = (page.parent / "figures" / f"{page.stem}-{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def report(run: DrawnRun, out: Path) -> Path:
    return write_report(run.store(out), out / "pages")


# ------------------------------------------------------------------------------------ the page


def test_the_page_and_its_figures_are_named_after_the_run(run: DrawnRun, page: Path):
    assert page.name == f"socher2013-cifar10-{run.record.run_id[:8]}.html"
    found = sorted(path.name for path in (page.parent / "figures").iterdir())
    endings = ("csv", "png", "svg")
    assert found == sorted(f"{page.stem}-{n}.{end}" for n in FIGURES for end in endings)


def test_the_page_needs_nothing_but_itself(page: Path):
    reader, text = PageReader(page), page.read_text(encoding="utf-8")
    links = reader.values("href", "src", "xlink:href", "srcset", "data", "action", "poster")
    assert links
    assert all(link.startswith(("#", "data:text/csv")) for link in links)
    assert not {"script", "link", "iframe", "img", "object", "base"} & set(reader.tags)
    assert "@import" not in text
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_every_link_into_the_page_has_one_target(page: Path):
    reader = PageReader(page)
    ids = Counter(reader.values("id"))
    assert max(ids.values()) == 1
    targets = [link[1:] for link in reader.values("href", "xlink:href") if link[0] == "#"]
    targets += re.findall(r"url\(#([^)]*)\)", page.read_text(encoding="utf-8"))
    assert set(targets) <= set(ids)


def test_the_page_fits_a_phone_and_follows_the_theme(page: Path):
    metas = [value for tag, name, value in PageReader(page).attributes if tag == "meta"]
    assert "width=device-width, initial-scale=1" in metas
    assert "light dark" in metas
    text = page.read_text(encoding="utf-8")
    assert "@media (prefers-color-scheme: dark)" in text
    # Every colour in a figure is a variable, so that none stays behind in the dark.
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        assert "var(--ink)" in svg
        assert not re.search(r"#[0-9a-fA-F]{6}\b", re.sub(r'(href=|url\()"?#[^")]*', "", svg))


def test_headline_numbers_have_one_decimal_and_an_error(run: DrawnRun, page: Path):
    text, scores = PageReader(page).text, run.record.scores
    assert scores is not None
    assert scores.novelty is not None
    for value, error in (
        (scores.H, scores.H_se),
        (scores.T1, scores.T1_se),
        (scores.AUSUC, scores.AUSUC_se),
        (scores.novelty.AUROC, scores.novelty.AUROC_se),
    ):
        assert error is not None
        assert f"{100 * value:.1f} ± {100 * error:.1f} %" in text


def test_every_score_stands_in_the_table(page: Path):
    fields = {**Scores.model_fields, **NoveltyScores.model_fields}
    others = {
        "seen_images", "unseen_images", "classes_without_images", "curve_kind", "novelty",
        "per_class", "confusion", "curve", "bootstrap_seed", "resamples", "AUROC_by_class",
        "histogram",
    }  # fmt: skip
    scores = {name for name in fields if not name.endswith("_se")} - others
    assert {name for group in GROUPS.values() for name in group} == scores
    assert scores <= set(PageReader(page).text.split())


def test_every_parameter_stands_with_its_origin(run: DrawnRun, page: Path):
    text = PageReader(page).text
    for part in run.record.slots.values():
        assert f"{part.name} {part.distribution}, version {part.version}" in text
    for line in ("alpha 0.25 user", "bases 1600 default", "cut seen_kept:0.9 recipe"):
        assert line in text
    assert "origin-default" in page.read_text(encoding="utf-8")
    assert "truck unseen truck never trained 103" in text
    assert run.record.run_id in text
    assert run.record.split.fingerprint in text
    assert "features 5 min 12 s 2.9 GiB computed" in text
    assert "zslbench run --method socher2013 --dataset cifar10" in text


def test_every_figure_can_be_told_to_somebody_who_cannot_see_it(page: Path):
    labels = [
        v for tag, name, v in PageReader(page).attributes if (tag, name) == ("svg", "aria-label")
    ]
    assert len(labels) == len(FIGURES)
    assert all(len(label) > 80 for label in labels)


def test_class_names_cannot_break_out(tmp_path: Path):
    names = (HOSTILE, "$\\frac{$ $x$", "<b>bold</b>", "naïve 猫", "tab\tand\x07bell", "x" * 80)
    page = report(draw_run(names, (HOSTILE, "x" * 80), images=12), tmp_path)
    reader = PageReader(page)
    assert not {"script", "b"} & set(reader.tags)
    assert HOSTILE in reader.text
    assert "$\\frac{$ $x$" in reader.text
    for path in (page.parent / "figures").glob("*.svg"):
        ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert {row["true class"] for row in read_figure(page, "confusion")} == set(names)


# --------------------------------------------------------------------------------- the figures


def test_drawings_are_whole_files(page: Path):
    for path in (page.parent / "figures").iterdir():
        if path.suffix == ".svg":
            assert ElementTree.parse(path).getroot().tag.endswith("svg")
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert min(image.size) > 600
                assert len(image.convert("RGB").getcolors(2**24)) > 10
    for svg in re.findall(r"<svg.*?</svg>", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        ElementTree.fromstring(svg)


def test_the_curve_s_numbers_are_the_record_s(run: DrawnRun, page: Path):
    rows, scores = read_figure(page, "curve"), run.record.scores
    assert scores is not None
    for column in ("u", "s", "seen_accuracy", "unseen_accuracy", "overall_accuracy"):
        assert [float(row[column]) for row in rows] == list(getattr(scores.curve, column))
    own = next(row for row in rows if "own" in row["point"])
    assert float(own["u"]) == pytest.approx(scores.u)
    assert float(own["s"]) == pytest.approx(scores.s)
    assert "oracle" in rows[scores.curve.oracle]["point"]


def test_the_histogram_s_numbers_are_the_record_s(run: DrawnRun, page: Path):
    rows, scores = read_figure(page, "novelty"), run.record.scores
    assert scores is not None
    histogram = scores.novelty and scores.novelty.histogram
    assert histogram
    assert [int(row["seen"]) for row in rows] == list(histogram.seen)
    assert [int(row["unseen"]) for row in rows] == list(histogram.unseen)
    assert [float(row["from"]) for row in rows] == list(histogram.edges[:-1])
    assert [float(row["to"]) for row in rows] == list(histogram.edges[1:])


def test_the_confusion_s_numbers_are_the_record_s_by_name(run: DrawnRun, page: Path):
    rows, scores = read_figure(page, "confusion"), run.record.scores
    assert scores is not None
    assert [row["role"] for row in rows] == ["seen"] * 8 + ["unseen"] * 2
    by_name = {row["true class"]: row for row in rows}
    for i, truth in enumerate(CIFAR):
        for j, label in enumerate(CIFAR):
            assert int(by_name[truth][label]) == scores.confusion[i][j]


def test_the_word_space_s_numbers_are_the_run_s(run: DrawnRun, page: Path):
    rows, space = read_figure(page, "wordspace"), run.wordspace
    assert space is not None
    points = {
        what: [(float(row["x"]), float(row["y"])) for row in rows if row["what"] == what]
        for what in ("class", "cloud", "image")
    }
    assert points["class"] == list(space.prototypes)
    assert points["cloud"] == [cloud.mean for cloud in space.clouds]
    assert points["image"] == list(space.images)


def test_the_numbers_travel_with_the_page(page: Path):
    links = [link for link in PageReader(page).values("href") if link.startswith("data:")]
    carried = {base64.b64decode(link.partition(",")[2]).decode() for link in links}
    figures = (page.parent / "figures").glob("*.csv")
    assert carried == {path.read_text(encoding="utf-8") for path in figures}


@pytest.mark.parametrize("count", [3, 35, 70])
def test_any_number_of_classes_can_be_drawn(count: int, tmp_path: Path):
    names = tuple(f"{i:03d}.Some_long_class_name_{i}" for i in range(count))
    page = report(draw_run(names, names[:1], images=4), tmp_path)
    assert len(read_figure(page, "confusion")) == count


# ------------------------------------------------------------------------------- missing parts


def test_a_method_without_novelty_or_words_says_so(tmp_path: Path):
    page = report(draw_run(novelty=False, words=False, images=20), tmp_path)
    text = PageReader(page).text
    assert "this method has no novelty of its own" in text
    assert "maps no image into a space of class vectors" in text
    assert "No class vectors: this method uses none" in text
    assert "AUROC" not in text
    found = {path.stem.rpartition("-")[2] for path in (page.parent / "figures").iterdir()}
    assert found == {"confusion", "curve"}


def test_a_record_from_before_the_histogram_can_be_drawn(run: DrawnRun):
    scores = run.record.scores
    assert scores is not None
    assert scores.novelty is not None
    old = scores.novelty.model_copy(update={"histogram": None})
    drawings, missing = draw_figures(
        run.record, scores.model_copy(update={"novelty": old}), run.wordspace
    )
    assert [drawing.name for drawing in drawings] == ["curve", "confusion", "wordspace"]
    assert missing == ["No histogram of novelty: this record is from before it was kept."]


@pytest.mark.parametrize(
    ("cut", "words"),
    [(2.0, "beyond it an image"), (None, "no cut on this number"), (1e9, "lies outside")],
)
def test_the_histogram_says_where_the_cut_is(cut: float | None, words: str, run: DrawnRun):
    scores = run.record.scores
    assert scores is not None
    record = run.record.model_copy(update={"cut": cut})
    assert words in draw_figures(record, scores, None)[0][1].reading


def test_a_failed_run_has_no_report(tmp_path: Path):
    with pytest.raises(InputError, match=r"failed \(DataError: cannot read vectors.txt\)"):
        report(failed_run(), tmp_path)
    assert not (tmp_path / "pages").exists()


def test_no_run_has_no_report(tmp_path: Path):
    with pytest.raises(DataError, match="give a run's folder"):
        write_report(tmp_path / "nothing", tmp_path / "pages")


# ------------------------------------------------------------------------------------- writing


def test_the_same_run_gives_the_same_bytes(run: DrawnRun, page: Path, tmp_path: Path):
    again = report(run, tmp_path)
    for path in (again, *(again.parent / "figures").iterdir()):
        assert path.read_bytes() == (page.parent / path.relative_to(again.parent)).read_bytes()


def test_a_full_disk_leaves_the_old_page_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = draw_run(images=20)
    page = report(run, tmp_path)
    before = {path: path.read_bytes() for path in page.parent.rglob("*") if path.is_file()}

    def fill_up(self: Drawing, path: Path) -> None:
        path.write_bytes(b"half a pic")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Drawing, "save_png", fill_up)
    with pytest.raises(EnvironmentFailure, match=r"the disk is full.*--report"):
        write_report(next((tmp_path / "runs").iterdir()), page.parent)
    assert {p: p.read_bytes() for p in page.parent.rglob("*") if p.is_file()} == before


def test_the_process_s_own_drawing_settings_stay(run: DrawnRun, tmp_path: Path):
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33.0, "svg.fonttype": "path"}):
        page = report(run, tmp_path)
        assert (mpl.rcParams["font.size"], mpl.rcParams["svg.fonttype"]) == (33.0, "path")
    assert "automobile</text>" in page.read_text(encoding="utf-8")


def test_a_real_run_has_a_page(tmp_path: Path):
    record = zslbench.evaluate(
        "tiny",
        "colours",
        threads=1,
        plugins=[tiny],
        out=tmp_path / "out",
        cache_dir=tmp_path / "cache",
    )
    page = write_report(Store(tmp_path / "out").folder(record.run_id), tmp_path / "pages")
    text = PageReader(page).text
    assert page.name == f"tiny-colours-{record.run_id[:8]}.html"
    assert "Of grey it had seen no image before" in text
    assert str(tmp_path) not in page.read_text(encoding="utf-8")


# --------------------------------------------------------------------------------------- words


def test_reference_rows_say_why_they_are_not_ranked():
    run = draw_run(images=20).record
    oracle = run.model_copy(update={"reference": "oracle", "ranked": False})
    facts = {fact.name: fact.text for fact in state_facts(oracle)}
    assert facts["Ranking"].startswith("not ranked: a reference row, since it is told")
    ceiling = run.model_copy(update={"reference": "supervised", "ranked": False})
    assert "cat and truck among them" in sum_up(ceiling)
    assert "no zero-shot result" in sum_up(ceiling)


def test_overlap_is_told_class_by_class():
    run = draw_run(images=20).record
    known = {
        "pretraining": "resnet18 (ImageNet)",
        "overlap": {"cat": "overlap", "truck": "unknown"},
    }
    facts = {fact.name: fact.text for fact in state_facts(run.model_copy(update=known))}
    assert "cat were among its training labels" in facts["Pre-training"]
    assert "truck cannot be looked up" in facts["Pre-training"]
    assert "overlap is some or unknown" in facts["Ranking"]


def test_every_setting_is_explained():
    run = draw_run(images=20).record
    for setting in get_args(Setting):
        facts = {f.name: f.text for f in state_facts(run.model_copy(update={"setting": setting}))}
        assert facts["Setting"].startswith(f"{setting}: ")


def test_tuning_is_told():
    run = draw_run(images=20, h_val=0.456, configurations=1200).record
    facts = {fact.name: fact.text.replace("\u202f", " ") for fact in state_facts(run)}
    assert facts["Tuning"].startswith("chosen among 1 200 configurations, H 45.6 %")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (percent(0.4564, 0.0078), "45.6 ± 0.8 %"),
        (percent(None), "–"),
        (percent(1.0), "100.0 %"),
        (duration(0.04), "0.0 s"),
        (duration(59.6), "59.6 s"),
        (duration(312.25), "5 min 12 s"),
        (duration(3599.7), "1 h 0 min"),
        (memory(350 * 2**20), "350 MiB"),
        (memory(3 * 2**30), "3.0 GiB"),
        (enumerate_names(["cat"]), "cat"),
        (enumerate_names(["cat", "dog", "emu"]), "cat, dog and emu"),
        (enumerate_names(list("abcdefgh"), most=3), "a, b, c and 5 more"),
    ],
)
def test_numbers_read_well(text: str, expected: str):
    assert text.replace("\u202f", " ") == expected


# ------------------------------------------------------------------------------------- seeing


def test_names_beside_points_do_not_hide_each_other():
    axes = Figure(figsize=(5, 5), dpi=72).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 360), ylim=(0, 360))  # a unit is a point
    points = [(100.0, 100.0), (104.0, 101.0), (100.0, 112.0), (355.0, 200.0)]
    names = ["first name", "second name", "third name", "at the border"]
    boxes = []
    for (x, y), name, place in zip(points, names, place_labels(axes, points, names), strict=True):
        text = axes.annotate(
            name, (x, y), xytext=place.offset, textcoords="offset points", ha=place.ha,
            va=place.va, fontsize=10,
        )  # fmt: skip
        boxes.append(text.get_window_extent())
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert boxes[-1].x1 <= 360


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_its_ground(theme: dict[str, str]):
    assert set(theme) == set(LIGHT)
    for words in ("ink", "muted", "seen", "unseen"):
        for ground in ("paper", "panel"):
            assert contrast(theme[words], theme[ground]) >= 4.5
    assert contrast(theme["on-heat"], theme["heat"]) >= 4.5
    assert contrast(theme["accent"], theme["paper"]) >= 3


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(draw_run(SHAPES, SHAPES[3:6], images=20), tmp_path_factory.mktemp("crowded"))


@NEEDS_CHROMIUM
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_the_page_on_a_phone(dark: bool, crowded: Path, tmp_path: Path):
    check_on_a_phone(photograph(crowded, tmp_path / "shot.png", PHONE, dark=dark), dark=dark)
