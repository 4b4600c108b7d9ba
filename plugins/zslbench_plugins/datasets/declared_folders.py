"""Data sets of the user's own images, as they are registered."""

from zslbench.specs import ComponentSpec, Param

SIDE = Param(
    "side",
    "int",
    256,
    "pixels; an image whose shorter side is longer is reduced to it when it is read",
    minimum=1,
)

SPECS = (
    ComponentSpec(
        kind="dataset",
        name="imagefolder/*",
        target="zslbench_plugins.datasets.folder:ImageFolder",
        summary="Your own images: PATH/{train,test}/CLASS/*, or PATH/CLASS/* divided 80/20",
        params=(SIDE,),
        member_is_path=True,
    ),
    ComponentSpec(
        kind="dataset",
        name="csv/*",
        target="zslbench_plugins.datasets.table_csv:ImageTable",
        summary="Your own images, listed in a csv file: path, label, split",
        params=(SIDE,),
        member_is_path=True,
    ),
)
