"""CIFAR-10 as a user may have it: every layout gives the same images, damage is named."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from zslbench.contracts import ImageBlock, Places, RawDataset
from zslbench.errors import DataError, EnvironmentFailure
from zslbench_plugins.datasets import cifar10, cifar_parquet
from zslbench_plugins.datasets.cifar10 import Cifar10

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
NAMES = Cifar10.card.classes
PARTS = ("train", "test")


@dataclass(frozen=True)
class Sample:
    """A small data set: images (n, 32, 32, 3), labels (n,)."""

    images: dict[str, np.ndarray[Any, Any]]
    labels: dict[str, list[int]]


@pytest.fixture(scope="module")
def sample() -> Sample:
    random = np.random.default_rng(3)
    sizes = {"train": 40, "test": 10}
    return Sample(
        {p: random.integers(0, 256, (n, 32, 32, 3), np.uint8) for p, n in sizes.items()},
        {p: random.integers(0, 10, n).tolist() for p, n in sizes.items()},
    )


# ----------------------------------------------------------------------------- writing the layouts


def batches(sample: Sample) -> Iterator[tuple[str, np.ndarray[Any, Any], list[int]]]:
    """Name, rows of planes (8, 3072), labels of each official batch."""
    for i in range(5):
        rows = slice(8 * i, 8 * i + 8)
        yield (
            f"data_batch_{i + 1}",
            planes(sample.images["train"][rows]),
            sample.labels["train"][rows],
        )
    yield "test_batch", planes(sample.images["test"]), sample.labels["test"]


def planes(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    red_green_blue = [images[..., channel].reshape(len(images), -1) for channel in range(3)]
    return np.concatenate(red_green_blue, axis=1)


def binary_files(sample: Sample) -> dict[str, bytes]:
    files = {
        f"{name}.bin": b"".join(
            bytes([label]) + row.tobytes() for row, label in zip(rows, labels, strict=True)
        )
        for name, rows, labels in batches(sample)
    }
    return files | {"batches.meta.txt": ("\n".join(NAMES) + "\n\n").encode()}


def python3_files(sample: Sample) -> dict[str, bytes]:
    files = {
        name: pickle.dumps({"labels": labels, "data": rows, "filenames": ["x.png"] * len(rows)}, 2)
        for name, rows, labels in batches(sample)
    }
    return files | {"batches.meta": pickle.dumps({"label_names": list(NAMES), "num_vis": 3072}, 2)}


def python2_files(sample: Sample) -> dict[str, bytes]:
    """Written opcode by opcode, as Python 2 wrote the official files."""
    files = {name: python2_batch(rows, labels) for name, rows, labels in batches(sample)}
    names = b"".join(python2_text(name.encode()) for name in NAMES)
    meta = b"\x80\x02}(" + python2_text(b"label_names") + b"](" + names + b"eu."
    return files | {"batches.meta": meta}


def python2_text(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def python2_batch(rows: np.ndarray[Any, Any], labels: list[int]) -> bytes:
    shape = b"J" + struct.pack("<i", len(rows)) + b"M" + struct.pack("<H", rows.shape[1]) + b"\x86"
    minus_one = b"J\xff\xff\xff\xff"
    dtype = b"cnumpy\ndtype\n" + python2_text(b"u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + python2_text(b"|") + b"NNN" + minus_one + minus_one + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    raw = rows.tobytes()
    array += b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    data = python2_text(b"data") + array + python2_text(b"labels") + numbers
    return b"\x80\x02}(" + data + python2_text(b"batch_label") + python2_text(b"one of 5") + b"u."


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def write_archive(path: Path, folder: str, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        # The official archive's order is not that of the batches either.
        for name in reversed(files):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))


def encode(image: np.ndarray[Any, Any], kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return out.getvalue()


def write_parquet(
    path: Path,
    encoded: list[bytes | None],
    labels: list[int | None],
    *,
    names: tuple[str, ...] | None = NAMES,
    column: str = "img",
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            column: pa.array(
                [{"bytes": data, "path": None} for data in encoded],
                pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
            ),
            "label": pa.array(labels, pa.int64()),
        }
    )
    if names is not None:
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        note = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": note})
    pq.write_table(table, path, row_group_size=16)


def write_hub(
    folder: Path, sample: Sample, kind: str = "PNG", names: tuple[str, ...] | None = NAMES
) -> None:
    for part in PARTS:
        encoded: list[bytes | None] = [encode(image, kind) for image in sample.images[part]]
        path = folder / f"{part}-00000-of-00001.parquet"
        write_parquet(path, encoded, list(sample.labels[part]), names=names)


def write_shards(folder: Path, sample: Sample) -> None:
    for part in PARTS:
        half = len(sample.labels[part]) // 2
        for i, rows in enumerate((slice(0, half), slice(half, None))):
            encoded: list[bytes | None] = [encode(image) for image in sample.images[part][rows]]
            path = folder / f"{part}-{i:05d}-of-00002.parquet"
            write_parquet(path, encoded, list(sample.labels[part][rows]), column="image")


Writer = Callable[[Path, Sample], None]
LAYOUTS: dict[str, Writer] = {
    "hub png": lambda root, s: write_hub(root / "cifar10/plain_text", s),
    "hub webp": lambda root, s: write_hub(root / "cifar10", s, "WEBP"),
    "hub without names": lambda root, s: write_hub(root / "cifar10", s, names=None),
    "hub by owner": lambda root, s: write_hub(root / "uoft-cs/cifar10/plain_text", s),
    "hub, data directory itself": lambda root, s: write_hub(root / "plain_text", s),
    "hub, bare": lambda root, s: write_hub(root, s),
    "hub shards": lambda root, s: write_shards(root / "cifar10", s),
    "python 2": lambda root, s: write_folder(root / "cifar-10-batches-py", python2_files(s)),
    "python 3": lambda root, s: write_folder(
        root / "cifar10/cifar-10-batches-py", python3_files(s)
    ),
    "binary": lambda root, s: write_folder(root / "cifar-10-batches-bin", binary_files(s)),
    "binary, own folder": lambda root, s: write_folder(
        root / "cifar10/cifar-10-batches-bin", binary_files(s)
    ),
    "python archive": lambda root, s: write_archive(
        root / "cifar10/cifar-10-python.tar.gz", "cifar-10-batches-py", python2_files(s)
    ),
    "binary archive": lambda root, s: write_archive(
        root / "cifar-10-binary.tar.gz", "cifar-10-batches-bin", binary_files(s)
    ),
}


# ------------------------------------------------------------------------------------------ reading


def places(root: Path, **changes: Any) -> Places:
    return Places(data_dir=root, cache_dir=root / "cache", offline=True, **changes)


def read(root: Path, part: str = "train", **changes: Any) -> ImageBlock:
    """The whole part as one block."""
    raw = Cifar10().load(places(root, **changes))
    return joined(list(getattr(raw, part)()))


def joined(blocks: list[ImageBlock]) -> ImageBlock:
    return ImageBlock(
        np.concatenate([block.images for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
        sum(block.skipped for block in blocks),
    )


def check_same(raw: RawDataset, sample: Sample) -> None:
    assert raw.class_names == NAMES
    for part, blocks in (("train", raw.train), ("test", raw.test)):
        block = joined(list(blocks()))
        assert block.images.dtype == np.uint8
        assert block.labels.dtype == np.int64
        np.testing.assert_array_equal(block.images, sample.images[part])
        np.testing.assert_array_equal(block.labels, sample.labels[part])
        assert block.skipped == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_data_set(layout: str, sample: Sample, tmp_path: Path) -> None:
    LAYOUTS[layout](tmp_path, sample)
    before = set(tmp_path.rglob("*"))
    dataset = Cifar10()
    raw = dataset.load(places(tmp_path))
    check_same(raw, sample)
    check_same(raw, sample)  # the parts can be read again
    sources = dataset.sources(places(tmp_path))
    assert set(sources) == {path for path in before if path.is_file()}
    assert set(tmp_path.rglob("*")) == before  # nothing was unpacked


def test_two_layouts_are_never_mixed(sample: Sample, tmp_path: Path) -> None:
    for layout in ("binary archive", "python archive", "binary", "python 3", "hub png"):
        LAYOUTS[layout](tmp_path, sample)
        folders = {path.parent for path in Cifar10().sources(places(tmp_path))}
        assert len(folders) == 1
    assert folders == {tmp_path / "cifar10/plain_text"}


def test_blocks_are_small(sample: Sample, tmp_path: Path) -> None:
    data: list[bytes | None] = [encode(sample.images["test"][0])] * 2300
    for part in PARTS:
        write_parquet(tmp_path / f"cifar10/{part}-0.parquet", data, [4] * 2300)
    sizes = [len(b.labels) for b in Cifar10().load(places(tmp_path)).train()]
    assert sum(sizes) == 2300
    assert max(sizes) <= 1000


def test_numbering_of_labels_is_the_files_own(sample: Sample, tmp_path: Path) -> None:
    names = tuple(reversed(NAMES))
    write_hub(tmp_path / "cifar10", sample, names=names)
    raw = Cifar10().load(places(tmp_path))
    assert raw.class_names == names
    assert [b.labels.tolist() for b in raw.test()] == [sample.labels["test"]]


# ----------------------------------------------------------------------------- absent, incomplete


def test_absent_data_set_says_what_to_do(tmp_path: Path) -> None:
    for call in (Cifar10().sources, Cifar10().load):
        with pytest.raises(DataError) as caught:
            call(places(tmp_path))
        message = str(caught.value)
        for fact in (
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            "zslbench data fetch cifar10",
            str(tmp_path / "cifar10/cifar-10-python.tar.gz"),
        ):
            assert fact in message


def test_fetch_offline_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="offline"):
        Cifar10().fetch(places(tmp_path))


def test_fetch_brings_the_archive_once(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_archive(tmp_path / "site/a.tar.gz", "cifar-10-batches-py", python2_files(sample))
    content = (tmp_path / "site/a.tar.gz").read_bytes()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    remote = replace(
        cifar10.PYTHON_ARCHIVE,
        url=f"http://127.0.0.1:{server.server_port}/a.tar.gz",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    monkeypatch.setattr(cifar10, "PYTHON_ARCHIVE", remote)
    root = tmp_path / "data"
    online = replace(places(root), offline=False)
    assert Cifar10().fetch(online) == (root / "cifar10/cifar-10-python.tar.gz",)
    server.shutdown()
    server.server_close()
    thread.join()
    assert Cifar10().fetch(online) == Cifar10().sources(places(root))  # with the server gone
    check_same(Cifar10().load(places(root)), sample)


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_absent_batch_is_named(name: str, sample: Sample, tmp_path: Path) -> None:
    LAYOUTS["python 2"](tmp_path, sample)
    (tmp_path / "cifar-10-batches-py" / name).unlink()
    with pytest.raises(DataError, match=f"lacks .*{name}"):
        Cifar10().sources(places(tmp_path))


def test_absent_member_of_an_archive_is_named(sample: Sample, tmp_path: Path) -> None:
    files = binary_files(sample)
    del files["data_batch_3.bin"]
    write_archive(tmp_path / "cifar-10-binary.tar.gz", "cifar-10-batches-bin", files)
    with pytest.raises(
        DataError, match=r"cifar-10-binary\.tar\.gz has no file 'data_batch_3\.bin'"
    ):
        read(tmp_path)


def test_absent_part_and_absent_shard_are_named(sample: Sample, tmp_path: Path) -> None:
    LAYOUTS["hub shards"](tmp_path, sample)
    (tmp_path / "cifar10/train-00001-of-00002.parquet").unlink()
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet is absent"):
        Cifar10().sources(places(tmp_path))
    (tmp_path / "cifar10/train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match=r"lacks train-\*\.parquet"):
        Cifar10().sources(places(tmp_path))


# ------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.97])
def test_truncated_file_is_named(layout: str, keep: float, sample: Sample, tmp_path: Path) -> None:
    LAYOUTS[layout](tmp_path, sample)
    victim = Cifar10().sources(places(tmp_path))[0]
    content = victim.read_bytes()
    victim.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(victim) in str(caught.value)
    assert "damaged" in str(caught.value)


@pytest.mark.parametrize("layout", ["python archive", "binary archive"])
def test_one_flipped_bit_in_an_archive_is_found(
    layout: str, sample: Sample, tmp_path: Path
) -> None:
    LAYOUTS[layout](tmp_path, sample)
    (archive,) = Cifar10().sources(places(tmp_path))
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"\.tar\.gz is damaged"):
        Cifar10().load(places(tmp_path))


def test_label_out_of_range_is_named_with_its_row(sample: Sample, tmp_path: Path) -> None:
    files = binary_files(sample)
    batch = bytearray(files["data_batch_2.bin"])
    batch[3 * 3073] = 10
    write_folder(tmp_path / "cifar-10-batches-bin", files | {"data_batch_2.bin": bytes(batch)})
    with pytest.raises(DataError, match=r"data_batch_2\.bin is damaged: row 3 has label 10"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("batch", "complaint"),
    [
        ({"labels": [1], "data": np.zeros((2, 3072), np.uint8)}, "2 images but 1 labels"),
        ({"labels": [1, 10], "data": np.zeros((2, 3072), np.uint8)}, "row 1 has label 10"),
        ({"labels": ["a"], "data": np.zeros((1, 3072), np.uint8)}, "no list of whole numbers"),
        ({"labels": [1], "data": np.zeros((1, 3000), np.uint8)}, r"\(1, 3000\), expected"),
        ({"labels": [1], "data": np.zeros((1, 3072), np.float32)}, r"expected bytes"),
        ({"labels": [1]}, "'data' is NoneType"),
        ([1, 2], "no dictionary"),
    ],
)
def test_inconsistent_batch_is_named(
    batch: object, complaint: str, sample: Sample, tmp_path: Path
) -> None:
    files = python2_files(sample) | {"data_batch_1": pickle.dumps(batch, 2)}
    write_folder(tmp_path / "cifar-10-batches-py", files)
    with pytest.raises(DataError, match=f"data_batch_1 is damaged.*{complaint}"):
        read(tmp_path)


class Attack:
    """Pickles into a call."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["batches.meta", "data_batch_1"])
@pytest.mark.parametrize("archived", [False, True])
def test_pickle_that_would_run_code_is_refused_and_runs_none(
    protocol: int, name: str, archived: bool, sample: Sample, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    for function, arguments in (
        (os.mkdir, (str(trace),)),
        (os.system, (f"touch {trace}",)),
        (eval, (f"open({str(trace)!r}, 'w')",)),
        (np.save, (str(trace), 1)),
        (np.frombuffer, (b"x",)),
    ):
        root = tmp_path / f"{function.__name__}"
        payload = pickle.dumps({"data": Attack(function, *arguments)}, protocol)
        files = python2_files(sample) | {name: payload}
        if archived:
            write_archive(root / "cifar-10-python.tar.gz", "cifar-10-batches-py", files)
        else:
            write_folder(root / "cifar-10-batches-py", files)
        with pytest.raises(DataError) as caught:
            read(root)
        assert name in str(caught.value)
        assert f".{function.__name__}, which no CIFAR file needs" in str(caught.value)
        assert not trace.exists()


def test_arrays_of_objects_are_refused(sample: Sample, tmp_path: Path) -> None:
    batch = {"labels": [1], "data": np.array([[object]], object)}
    files = python2_files(sample) | {"data_batch_1": pickle.dumps(batch, 2)}
    write_folder(tmp_path / "cifar-10-batches-py", files)
    with pytest.raises(DataError, match=r"'O8', expected bytes \(u1\)"):
        read(tmp_path)


def corrupt(sample: Sample, root: Path, bad: bytes | None, row: int = 20) -> Path:
    """Write the data set with a bad training image in ``row``; return the file."""
    write_hub(root / "cifar10", sample)
    encoded: list[bytes | None] = [encode(image) for image in sample.images["train"]]
    encoded[row] = bad
    path = root / "cifar10/train-00000-of-00001.parquet"
    write_parquet(path, encoded, list(sample.labels["train"]))
    return path


BAD_IMAGES = {
    "garbage": b"no image at all",
    "empty": b"",
    "absent": None,
    "truncated": encode(np.zeros((32, 32, 3), np.uint8))[:60],
    "another size": encode(np.zeros((8, 16, 3), np.uint8)),
    "lossy format": encode(np.zeros((32, 32, 3), np.uint8), "JPEG"),
}


@pytest.mark.parametrize("bad", BAD_IMAGES)
def test_corrupt_image_is_named_by_file_and_row(bad: str, sample: Sample, tmp_path: Path) -> None:
    path = corrupt(sample, tmp_path, BAD_IMAGES[bad])
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(path) in str(caught.value)
    assert "row 20 " in str(caught.value)
    assert "--skip-corrupt" in str(caught.value)


@pytest.mark.parametrize("bad", BAD_IMAGES)
def test_corrupt_image_is_left_out_and_counted_on_request(
    bad: str, sample: Sample, tmp_path: Path
) -> None:
    corrupt(sample, tmp_path, BAD_IMAGES[bad])
    block = read(tmp_path, skip_corrupt=True)
    assert block.skipped == 1
    np.testing.assert_array_equal(block.images, np.delete(sample.images["train"], 20, axis=0))
    np.testing.assert_array_equal(block.labels, np.delete(sample.labels["train"], 20))


def test_bad_label_is_an_error_even_when_corrupt_images_are_skipped(
    sample: Sample, tmp_path: Path
) -> None:
    write_hub(tmp_path / "cifar10", sample)
    labels: list[int | None] = list(sample.labels["test"])
    labels[7] = None
    path = tmp_path / "cifar10/test-00000-of-00001.parquet"
    write_parquet(path, [encode(image) for image in sample.images["test"]], labels)
    with pytest.raises(DataError, match="row 7 has label -1, expected 0 to 9"):
        read(tmp_path, "test", skip_corrupt=True)


def test_another_data_set_in_its_place_is_refused(sample: Sample, tmp_path: Path) -> None:
    write_hub(tmp_path / "cifar10", sample, names=("apple", *NAMES[1:]))
    with pytest.raises(DataError, match=r"holds the classes apple, automobile"):
        Cifar10().load(places(tmp_path))


def test_parquet_of_other_columns_is_refused(tmp_path: Path) -> None:
    for part in PARTS:
        path = tmp_path / f"cifar10/{part}-0.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"text": ["a"], "label": [0]}), path)
    with pytest.raises(DataError, match="has the columns text, label; expected 'img'"):
        read(tmp_path)


def test_files_of_others_in_the_data_directory_are_no_cifar10(
    sample: Sample, tmp_path: Path
) -> None:
    write_hub(tmp_path, sample, names=("apple", "pear"))
    with pytest.raises(DataError, match="no CIFAR-10 in"):
        Cifar10().sources(places(tmp_path))


def test_unreadable_file_is_the_machines_failure(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LAYOUTS["binary"](tmp_path, sample)
    honest = Path.open

    def deny(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "data_batch_1.bin":
            raise PermissionError(13, "Permission denied")
        return honest(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(EnvironmentFailure, match=r"data_batch_1\.bin: permission denied"):
        read(tmp_path)


# ---------------------------------------------------------------------------------------- real data


def test_card_tells_the_standard_split() -> None:
    card = Cifar10.card
    assert card.unseen == ("cat", "truck")
    assert set(card.unseen) < set(card.classes)
    assert [file.size for file in card.files] == [170_498_071, 170_052_171]
    assert Cifar10().sentences() is None


@pytest.mark.skipif(not (REAL / "cifar10").is_dir(), reason="the real CIFAR-10 is not here")
def test_real_data_set_has_every_image_of_every_class(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Cifar10().load(Places(REAL, REAL, offline=True))
    assert raw.class_names == NAMES
    assert class_counts(raw.test()) == dict.fromkeys(range(10), 1000)
    # Decoding 50,000 training images too would take most of the suite's time.
    blank = np.zeros((32, 32, 3), np.uint8)
    monkeypatch.setattr(cifar_parquet, "decode", lambda encoded: blank)
    assert class_counts(raw.train()) == dict.fromkeys(range(10), 5000)


def class_counts(blocks: Iterator[ImageBlock]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for block in blocks:
        counts.update(block.labels.tolist())
        assert block.images.shape == (len(block.labels), 32, 32, 3)
    return counts
