"""The image backbones against plain implementations, closed forms and their own promises."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from zslbench.contracts import Context
from zslbench.errors import InputError
from zslbench_plugins.backbones.coates2011 import CoatesBackbone
from zslbench_plugins.backbones.omp import learn_dictionary
from zslbench_plugins.backbones.patches import Whitening, draw_patches
from zslbench_plugins.backbones.pixels import PixelsBackbone

if TYPE_CHECKING:
    from zslbench.contracts import Float32, Int, UInt8


class Images:
    """Images in memory that remember the rows asked for."""

    def __init__(self, array: UInt8) -> None:
        self.array = array
        self.taken: list[Int] = []

    def __len__(self) -> int:
        return len(self.array)

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        for first in range(start, len(self.array), size):
            yield self.array[first : first + size]

    def take(self, rows: Int) -> UInt8:
        self.taken.append(rows)
        return self.array[rows]


def random_images(*shape: int, seed: int = 0) -> UInt8:
    """Images (b, h, w, 3) whose contrast differs between them, one of them flat."""
    rng = np.random.default_rng(seed)
    contrast = np.linspace(0, 60, shape[0])[:, None, None, None]
    values = rng.normal(rng.uniform(60, 200, (shape[0], 1, 1, 1)), contrast, (*shape, 3))
    return values.clip(0, 255).astype(np.uint8)


def random_patches(count: int, d: int, seed: int = 0) -> Float32:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, d)).astype(np.float32) ** 3


def fitted(images: UInt8, *, seed: int = 0, threads: int = 1, **params: Any) -> CoatesBackbone:
    """A small backbone; ``params`` overrule its parameters."""
    small = {"bases": 20, "patch": 4, "patches": 500, "rounds": 3} | params
    context = Context(seed=seed, threads=threads)
    return CoatesBackbone(**small).fit(Images(images), context=context)


def normalised_windows(images: UInt8, patch: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Every window (b, rows, columns, d) in the order row, column, channel; float64."""
    windows = sliding_window_view(images.astype(np.float64), (patch, patch), axis=(1, 2))
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)
    centred = flat - flat.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(flat.var(axis=-1, ddof=1, keepdims=True) + 10))


def slow_features(images: UInt8, model: CoatesBackbone) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The features by definition, in float64."""
    windows = normalised_windows(images, model.patch)
    z = (windows - model.mean_) @ model.whitening_ @ model.dictionary_.T.astype(np.float64)
    height, width = z.shape[1:3]
    top, left = -(-height // 2), -(-width // 2)
    blocks = [z[:, :top, :left], z[:, :top, left:], z[:, top:, :left], z[:, top:, left:]]
    codes = [np.maximum(sign * q - model.alpha, 0) for q in blocks for sign in (1, -1)]
    return np.concatenate([code.sum(axis=(1, 2)) for code in codes], axis=1)


def assert_same_features(got: Float32, expected: Any) -> None:
    scale = np.sqrt(np.mean(np.square(expected)))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * scale)


# ------------------------------------------------------------------------------------ coates2011


@pytest.mark.parametrize(
    ("height", "width", "patch", "alpha"),
    [
        (32, 32, 6, 0.25),  # CIFAR: 27 positions a side, three strips of 9 rows
        (7, 7, 6, 0.25),  # the smallest image: four positions, one a quadrant
        (13, 30, 4, 0.0),
        (5, 300, 2, 1.0),  # a row of positions is longer than a strip
        (70, 41, 3, 0.5),  # many strips, the last one shorter, the middle inside one
        (9, 8, 1, 0.25),
    ],
)
def test_features_equal_their_definition(height: int, width: int, patch: int, alpha: float) -> None:
    images = random_images(4, height, width)
    model = fitted(images, patch=patch, alpha=alpha)
    features = model.transform(images, context=Context(threads=2))
    assert features.dtype == np.float32
    assert features.shape == (4, model.dim((height, width, 3))) == (4, 8 * 20)
    assert_same_features(features, slow_features(images, model))


def test_features_equal_the_benchmark_plain_version() -> None:
    benchmark = load_benchmark()
    images = benchmark.smooth_images(6)
    model = fitted(images, patch=6, bases=300)
    features = model.transform(images, context=Context(threads=2))
    assert_same_features(features, benchmark.plain_features(images, model))


@pytest.mark.parametrize(("speedup", "code", "verdict"), [(5.9, 1, "MISSED"), (6.1, 0, "ok")])
def test_benchmark_exits_by_its_targets(
    speedup: float,
    code: int,
    verdict: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    benchmark = load_benchmark()
    checks = [benchmark.Check("speed", speedup, 6.0), benchmark.Check("share", 0.9, 0.6)]
    monkeypatch.setattr(benchmark, "compare", lambda *_: checks)
    threads = torch.get_num_threads()
    assert benchmark.main(["--images", "64", "--threads", str(threads)]) == code
    assert capsys.readouterr().out.splitlines()[0].endswith(verdict)


def load_benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "features.py"
    spec = importlib.util.spec_from_file_location("benchmark_features", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def test_27_positions_split_into_14_and_13() -> None:
    model = CoatesBackbone(bases=2, alpha=0.25)
    model.projection_ = np.zeros((108, 2), np.float32)
    model.offset_ = np.array([-1, 1], np.float32)  # so z is 1 and −1 everywhere
    features = model.transform(random_images(1, 32, 32), context=Context())
    counts = np.array([14 * 14, 14 * 13, 13 * 14, 13 * 13])
    expected = np.zeros((4, 2, 2))  # quadrant, sign, base
    expected[:, 0, 0] = expected[:, 1, 1] = 0.75 * counts
    np.testing.assert_allclose(features.reshape(4, 2, 2), expected, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.integers(0, 7), min_size=1, max_size=20), threads=st.integers(1, 3))
def test_features_of_an_image_ignore_its_neighbours(rows: list[int], threads: int) -> None:
    images = random_images(8, 14, 17)
    model = fitted(images)
    alone = [model.transform(images[i : i + 1], context=Context())[0] for i in rows]
    together = model.transform(images[rows], context=Context(threads=threads))
    assert np.array_equal(together, alone)


def test_transform_reads_read_only_and_strided_images_and_learnt_arrays() -> None:
    images = random_images(5, 12, 12)
    model = fitted(images)
    expected = model.transform(images, context=Context())
    wide = np.zeros((5, 12, 24, 3), np.uint8)
    wide[:, :, ::2] = images
    images.flags.writeable = False
    model.projection_.flags.writeable = False
    model.offset_.flags.writeable = False
    assert np.array_equal(model.transform(images, context=Context()), expected)
    assert np.array_equal(model.transform(wide[:, :, ::2], context=Context()), expected)


def test_same_seed_same_bits_on_any_number_of_threads() -> None:
    images = random_images(30, 16, 16)
    first, second = fitted(images, seed=3), fitted(images, seed=3, threads=3)
    other = fitted(images, seed=4)
    learnt = [name for name in vars(first) if name.endswith("_")]
    assert sorted(learnt) == ["dictionary_", "mean_", "offset_", "projection_", "whitening_"]
    for name in learnt:
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
        assert not np.array_equal(getattr(first, name), getattr(other, name)), name


def test_fit_leaves_images_and_the_thread_count_alone() -> None:
    images = random_images(10, 16, 16)
    before, threads = images.copy(), torch.get_num_threads()
    fitted(images, threads=2).transform(images, context=Context(threads=2))
    assert np.array_equal(images, before)
    assert torch.get_num_threads() == threads


def test_fit_reports_every_round() -> None:
    told: list[tuple[int, int]] = []
    context = Context(progress=lambda done, total: told.append((done, total)))
    CoatesBackbone(bases=5, patch=4, patches=50, rounds=3).fit(
        Images(random_images(4, 9, 9)), context=context
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_failing_worker_is_heard_of() -> None:
    images = random_images(6, 16, 16)
    model = fitted(images)
    model.projection_ = model.projection_[:-1]  # no longer fits the patches
    with pytest.raises(RuntimeError):
        model.transform(images, context=Context(threads=2))


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"bases": 0}, "bases=0"),
        ({"patch": 0}, "patch=0"),
        ({"patches": 1}, "patches=1"),
        ({"rounds": -1}, "rounds=-1"),
        ({"alpha": -0.5}, "alpha=-0.5"),
        ({"epsilon": 0.0}, "epsilon=0.0"),
        ({"patch": 16}, "16 × 16"),
    ],
)
def test_fit_refuses_what_cannot_be(params: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        fitted(random_images(3, 16, 16), **params)


def test_refuses_other_devices_no_images_and_other_arrays() -> None:
    images = random_images(3, 16, 16)
    fractions: Any = images / 255
    model = fitted(images)
    with pytest.raises(InputError, match="cuda"):
        model.fit(Images(images), context=Context(device="cuda"))
    with pytest.raises(InputError, match="no images"):
        fitted(images[:0])
    with pytest.raises(InputError, match="float64"):
        model.transform(fractions, context=Context())
    with pytest.raises(InputError, match="4 × 16"):
        model.transform(images[:, :4], context=Context())
    with pytest.raises(InputError, match="4 × 16"):
        model.dim((4, 16, 3))


# --------------------------------------------------------------------------- patches, whitening


def test_patches_are_normalised_windows_of_random_images() -> None:
    images = random_images(6, 9, 11, seed=1)
    source = Images(images)
    patches = draw_patches(source, 300, 5, np.random.default_rng(0))
    windows = normalised_windows(images, 5).reshape(-1, 75)
    distance = np.abs(windows[None] - patches[:, None]).max(axis=2)
    assert distance.min(axis=1).max() < 1e-5
    textured = distance[:, 5 * 7 :]  # the first image is flat: its windows are all alike
    found = set(textured.argmin(axis=1)[textured.min(axis=1) < 1e-5])
    assert len(found) > 0.6 * textured.shape[1]  # nearly all places are drawn from
    assert [list(rows) for rows in source.taken] == [[0, 1, 2, 3, 4, 5]]  # each read once


def test_patches_of_many_images_read_each_image_once_in_order() -> None:
    source = Images(random_images(700, 6, 6))
    draw_patches(source, 3000, 5, np.random.default_rng(0))
    rows = np.concatenate(source.taken)
    assert len(source.taken) > 1
    assert (np.diff(rows) > 0).all()


def test_whitening_flattens_the_spectrum_and_stays_symmetric() -> None:
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((4000, 12)) @ rng.standard_normal((12, 12)) + 5
    patches = mixed.astype(np.float32)
    variances = np.linalg.eigvalsh(np.cov(patches.T.astype(np.float64)))
    whitening = Whitening.learn(patches, 0.1)
    whitening.apply_in_place(patches)
    np.testing.assert_allclose(patches.mean(axis=0), 0, atol=1e-4)
    after = np.linalg.eigvalsh(np.cov(patches.T.astype(np.float64)))
    np.testing.assert_allclose(after, np.sort(variances / (variances + 0.1)), atol=1e-4)
    np.testing.assert_allclose(whitening.matrix, whitening.matrix.T, atol=1e-12)


# ---------------------------------------------------------------------------------------- OMP-1


def plain_omp(
    patches: Float32, bases: int, rounds: int, rng: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """OMP-1 by definition, a patch at a time; for patches that leave no base empty."""
    rows = patches.astype(np.float64)
    dictionary = rng.standard_normal((bases, rows.shape[1]))
    for _ in range(rounds):
        dictionary /= np.linalg.norm(dictionary, axis=1, keepdims=True)
        sums = np.zeros_like(dictionary)
        for x in rows:
            products = dictionary @ x
            best = np.argmax(np.abs(products))
            sums[best] += products[best] * x
        assert sums.any(axis=1).all()
        dictionary = sums
    return np.asarray(dictionary / np.linalg.norm(dictionary, axis=1, keepdims=True))


def residual(patches: Float32, dictionary: Float32) -> float:
    """Σ ‖x − ⟨base, x⟩ base‖² with the best base for each patch."""
    x, bases = patches.astype(np.float64), dictionary.astype(np.float64)
    return float(np.square(x).sum() - np.square(x @ bases.T).max(axis=1).sum())


@pytest.mark.parametrize("bases", [3, 150])  # fewer and more than a step of the search holds
def test_omp_equals_the_plain_loop(bases: int) -> None:
    patches = random_patches(5000, 12)
    fast = learn_dictionary(patches, bases, 4, np.random.default_rng(7), context=Context(threads=2))
    plain = plain_omp(patches, bases, 4, np.random.default_rng(7))
    np.testing.assert_allclose(fast, plain, atol=1e-4)


def test_omp_bases_are_unit_and_the_residual_never_rises() -> None:
    patches = random_patches(1500, 8)
    dictionaries = [
        learn_dictionary(patches, 12, rounds, np.random.default_rng(0), context=Context())
        for rounds in range(9)
    ]
    for dictionary in dictionaries:
        np.testing.assert_allclose(np.linalg.norm(dictionary, axis=1), 1, rtol=1e-6)
    residuals = np.array([residual(patches, dictionary) for dictionary in dictionaries])
    assert (np.diff(residuals) <= 1e-5 * residuals[0]).all()
    assert residuals[-1] < 0.95 * residuals[0]


def test_omp_finds_the_axes_that_patches_lie_on() -> None:
    rng = np.random.default_rng(0)
    gains = rng.choice([-1, 1], 3000) * rng.uniform(1, 3, 3000)
    patches = (np.eye(6)[rng.integers(6, size=3000)] * gains[:, None]).astype(np.float32)
    dictionary = learn_dictionary(patches, 40, 20, rng, context=Context())
    assert residual(patches, dictionary) < 1e-6 * np.square(patches).sum()


def test_omp_redraws_empty_bases_from_the_patches() -> None:
    patches = random_patches(10, 6)
    dictionary = learn_dictionary(patches, 50, 5, np.random.default_rng(0), context=Context())
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=1), 1, rtol=1e-6)
    directions = patches / np.linalg.norm(patches, axis=1, keepdims=True)
    cosines = np.abs(dictionary @ directions.T).max(axis=1)
    assert (cosines > 1 - 1e-5).sum() >= 40  # at most ten bases own a patch


def test_images_of_one_colour_give_finite_features() -> None:
    images = np.full((4, 12, 12, 3), 77, np.uint8)
    model = fitted(images)
    np.testing.assert_allclose(np.linalg.norm(model.dictionary_, axis=1), 1, rtol=1e-6)
    assert not model.transform(images, context=Context()).any()


# --------------------------------------------------------------------------------------- pixels


def test_pixels_of_cifar_are_block_means() -> None:
    images = random_images(5, 32, 32)
    model = PixelsBackbone().fit(Images(images), context=Context())
    features = model.transform(images, context=Context())
    means = images.reshape(5, 8, 4, 8, 4, 3).mean(axis=(2, 4)) / 255
    assert features.dtype == np.float32
    assert features.shape == (5, model.dim((32, 32, 3)))
    np.testing.assert_allclose(features, means.reshape(5, -1), rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 13), width=st.integers(1, 13), size=st.integers(1, 7))
def test_pixels_are_area_means_where_sizes_do_not_divide(
    height: int, width: int, size: int
) -> None:
    images = random_images(2, height, width, seed=height * 100 + width)
    features = PixelsBackbone(size).transform(images, context=Context())
    fine = images.repeat(size, axis=1).repeat(size, axis=2)  # now every cell is whole pixels
    means = fine.reshape(2, size, height, size, width, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(features, means.reshape(2, -1), rtol=1e-5, atol=1e-7)


def test_pixels_refuses_a_size_of_nought_and_other_arrays() -> None:
    images = random_images(2, 8, 8)
    with pytest.raises(InputError, match="size=0"):
        PixelsBackbone(0).fit(Images(images), context=Context())
    with pytest.raises(InputError, match="float32"):
        PixelsBackbone().transform(images.astype(np.float32), context=Context())
