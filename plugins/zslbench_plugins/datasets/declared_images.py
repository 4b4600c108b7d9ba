"""Published image data sets beside CIFAR-10."""

from __future__ import annotations

from zslbench.specs import ComponentSpec, Param

CIFAR100 = ComponentSpec(
    kind="dataset",
    name="cifar100",
    target="zslbench_plugins.datasets.cifar100:Cifar100",
    summary="60,000 photographs of 100 things, 32 × 32; one of each 20 coarse classes unseen",
    reference="Krizhevsky 2009; the split is zslbench's own",
    params=(
        Param(
            "labels",
            "str",
            "fine",
            "the 100 classes, or the 20 coarse ones",
            choices=("fine", "coarse"),
        ),
    ),
)

CIFAR106 = ComponentSpec(
    kind="dataset",
    name="cifar106",
    target="zslbench_plugins.datasets.cifar106:Cifar106",
    summary="CIFAR-10 and 96 classes of CIFAR-100; forest, lobster, orange, boy, truck, cat unseen",
    reference="Socher et al. 2013, § 6.6; Krizhevsky 2009",
    params=(
        Param(
            "images",
            "str",
            "balanced",
            "500 training and 100 test images of every class, or all, or all test images",
            choices=("balanced", "all", "all-test"),
        ),
        Param(
            "seed", "int", 0, "draws other images of CIFAR-10 where they are balanced", minimum=0
        ),
    ),
)

FASHION_MNIST = ComponentSpec(
    kind="dataset",
    name="fashion-mnist",
    target="zslbench_plugins.datasets.fashion_mnist:FashionMnist",
    summary="70,000 grey pictures of ten kinds of clothing, 28 × 28; ankle boot and trouser unseen",
    reference="Xiao, Rasul & Vollgraf 2017; the split is zslbench's own",
)

CIFAR106_TRAINED = ComponentSpec(
    kind="dataset",
    name="cifar106-trained",
    target="zslbench_plugins.datasets.cifar106_trained:Cifar106Trained",
    summary="The 80 classes of cifar106 that the paper's word table has a trained vector of",
    reference="Socher et al. 2013, § 6.6; Krizhevsky 2009",
    params=(Param("seed", "int", 0, "draws other images of CIFAR-10", minimum=0),),
)

SAMPLE = ComponentSpec(
    kind="dataset",
    name="sample/*",
    target="zslbench_plugins.datasets.sample:SampledDataset",
    summary="A seeded sample of a published data set: for a quick look",
    reference="the sampled set's",
    members="zslbench_plugins.datasets:sample.json",
    params=(
        Param(
            "share", "float", 0.1, "of the images of each class, in both parts",
            minimum=0, maximum=1, exclusive_minimum=True,
        ),
        Param("seed", "int", 0, "draws other images", minimum=0),
    ),
)  # fmt: skip

SPECS = (CIFAR100, CIFAR106, CIFAR106_TRAINED, FASHION_MNIST, SAMPLE)
