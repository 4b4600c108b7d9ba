"""Components that are made of others: resolved one by one, recorded by label, part of the id."""

import numpy as np
import pytest
import tiny

import zslbench
from zslbench import Registry
from zslbench.contracts import Embedding
from zslbench.errors import InputError
from zslbench_plugins.embeddings.concat import ConcatEmbedder


@pytest.fixture
def run(tmp_path):
    def run(*parts, **options):
        settings = {"embedding.parts": ",".join(parts)} | options.pop("set", {})
        return zslbench.evaluate(
            "tiny", "colours", slots={"embedding": "concat"}, set=settings, threads=1,
            plugins=[tiny], out=tmp_path / "out", cache_dir=tmp_path / "cache", **options,
        )  # fmt: skip

    return run


@pytest.fixture
def attributes(tmp_path):
    """A table of the colours: how warm, how bright."""

    def write(folder="a", warm=0.9):
        path = tmp_path / folder / "colours.csv"
        path.parent.mkdir(exist_ok=True)
        names = ",".join(tiny.CLASSES)
        path.write_text(
            f"attribute,{names}\nwarm,0.1,0.3,0.5,{warm},0.6\nbright,0.2,0.5,0.4,0.3,1\n"
        )
        return path

    return write


def embedding(values, metric="euclidean"):
    return Embedding(np.asarray(values, np.float32), metric, None, {})


def test_parts_stand_side_by_side_each_of_norm_one_in_the_mean():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 3)), 100 * rng.normal(size=(4, 2))
    values = ConcatEmbedder().combine((embedding(a), embedding(b)))
    for part, original in ((values[:, :3], a), (values[:, 3:], b)):
        assert np.square(part).sum(axis=1).mean() == pytest.approx(1)
        np.testing.assert_allclose(part / part[0, 0], original / original[0, 0], rtol=1e-5)


def test_a_cosine_part_counts_by_direction():
    a = np.array([[3.0, 4.0], [30.0, -40.0]])
    values = ConcatEmbedder(scale="none").combine((embedding(a, "cosine"),))
    np.testing.assert_allclose(values, [[0.6, 0.8], [0.6, -0.8]], rtol=1e-6)


def test_a_run_uses_both_and_its_record_names_them_without_paths(run, attributes, tmp_path):
    record = run("rgb", f"attributes/{attributes()}")
    component = record.slots["embedding"]
    assert component.params["parts"] == ["rgb", "attributes/colours.csv"]
    assert str(tmp_path) not in record.model_dump_json()
    assert set(record.embedding.resolved.values()) == {f"{name} | {name}" for name in tiny.CLASSES}


def test_the_id_follows_the_parts_contents_and_not_their_places(run, attributes):
    first = run("rgb", f"attributes/{attributes()}")
    again = run("rgb", f"attributes/{attributes('b')}")
    other = run("rgb", f"attributes/{attributes('c', warm=0.8)}")
    assert first.run_id == again.run_id
    assert other.run_id != first.run_id
    assert run("rgb", "random").run_id != run("random", "rgb").run_id


def test_a_part_that_does_not_exist_is_named(run):
    with pytest.raises(InputError, match="unknown embedding 'rbg': did you mean 'rgb'"):
        run("rbg", "random")


def test_without_parts_it_says_what_to_set(tmp_path):
    with pytest.raises(InputError, match=r"embedding\.parts=NAME,NAME"):
        zslbench.evaluate(
            "tiny", "colours", slots={"embedding": "concat"}, threads=1, plugins=[tiny],
            out=tmp_path / "out", cache_dir=tmp_path / "cache",
        )  # fmt: skip


def test_a_name_keeps_its_slashes_and_a_path_does_not():
    registry = Registry.discover()
    assert registry.resolve("embedding", "corpus/word2vec").label == "corpus/word2vec"
    local = registry.resolve("embedding", "sentence-transformers//a/b/encoder")
    assert local.label == "sentence-transformers/encoder"
    assert registry.resolve("embedding", "file/some/where/x.txt").label == "file/x.txt"


# ------------------------------------------------------------------------------------ reduced


@pytest.fixture
def reduce(tmp_path):
    def reduce(base, **options):
        return zslbench.evaluate(
            "tiny", "colours", slots={"backbone": f"reduced/{base}"}, threads=1, plugins=[tiny],
            out=tmp_path / "out", cache_dir=tmp_path / "cache", **options,
        )  # fmt: skip

    return reduce


def test_components_are_scikit_learns_up_to_sign():
    from sklearn.decomposition import PCA

    from zslbench.contracts import Context
    from zslbench_plugins.backbones.reduced import ReducedBackbone

    rng = np.random.default_rng(0)
    X = (rng.normal(size=(400, 30)) * np.geomspace(5, 0.1, 30)) @ np.linalg.qr(
        rng.normal(size=(30, 30))
    )[0]
    X = (X - X.mean(axis=0)).astype(np.float32)
    model = ReducedBackbone("x", k=6).fit_features(X, context=Context(seed=0))
    theirs = PCA(6).fit(X)
    ours = model.transform_features(X)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs.transform(X)), atol=1e-3)
    assert model.kept_variance_ == pytest.approx(theirs.explained_variance_ratio_.sum(), abs=1e-4)


def test_all_components_of_a_backbone_keep_every_distance(reduce, tmp_path):
    whole = zslbench.evaluate(
        "tiny", "colours", threads=1, plugins=[tiny],
        out=tmp_path / "out", cache_dir=tmp_path / "cache",
    )  # fmt: skip
    turned = reduce("mean-colour", set={"backbone.k": 3})
    assert turned.slots["backbone"].name == "reduced/mean-colour"
    assert turned.run_id != whole.run_id
    assert turned.scores.known_accuracy == pytest.approx(whole.scores.known_accuracy, abs=0.02)
    assert pytest.approx(whole.scores.H, abs=0.05) == turned.scores.H


def test_too_many_components_are_refused_with_the_number_that_can_be(reduce):
    with pytest.raises(InputError, match="k must be at most 3"):
        reduce("mean-colour", set={"backbone.k": 4})


def test_a_part_is_set_by_its_place_and_recorded_with_it(reduce):
    from zslbench.replay import replay_command

    record = reduce("pixels", set={"backbone.k": 3, "backbone.0.size": 2})
    params = record.slots["backbone"].params
    assert params["0.size"] == 2
    assert record.slots["backbone"].origins["0.size"] == "user"
    assert "--set backbone.0.size=2" in replay_command(record)
    plain = reduce("pixels", set={"backbone.k": 3})
    assert plain.slots["backbone"].origins["0.size"] == "default"
    assert plain.run_id != record.run_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("backbone.1.size", "part 1 .* it has parts 0 to 0"),
        ("backbone.0.sise", "did you mean 'size'"),
        ("mapping.0.x", "it has no parts"),
    ],
)
def test_a_part_that_is_not_there_cannot_be_set(reduce, name, message):
    with pytest.raises(InputError, match=message):
        reduce("pixels", set={name: 1})


def test_images_of_many_sizes_are_brought_to_the_bases_own(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for label, name in enumerate(tiny.CLASSES):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(10):
            sides = rng.integers(20, 60, size=2)
            pixels = rng.integers(0, 30, (*sides, 3)) + tiny.COLOURS[label] * 0.8
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    record = zslbench.evaluate(
        "tiny", f"imagefolder/{tmp_path / 'photos'}", unseen=["grey"], threads=1,
        slots={"backbone": "reduced/pixels"}, set={"backbone.k": 5}, plugins=[tiny],
        out=tmp_path / "out", cache_dir=tmp_path / "cache",
    )  # fmt: skip
    assert record.scores.known_accuracy > 0.9
