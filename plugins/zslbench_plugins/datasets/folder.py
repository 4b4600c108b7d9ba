"""``imagefolder/PATH``: a folder a class, in ``train`` and ``test`` or divided by content."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from zslbench.errors import DataError
from zslbench_plugins.datasets.image_files import SUFFIXES, ImageFile
from zslbench_plugins.datasets.own_images import Listing, OwnImages, read_unseen

if TYPE_CHECKING:
    from zslbench_plugins.datasets.image_files import Part

PARTS: tuple[Part, ...] = ("train", "test")
HIDDEN = (".", "__MACOSX")  # how names start of what systems put there for themselves


class ImageFolder(OwnImages):
    """Images in ``member``/{train,test}/CLASS/*, else in ``member``/CLASS/*.

    Hidden files and folders are passed over, links are followed, files of other types left out with
    a warning. ``zslbench.toml`` in the folder, or beside it, may name the unseen classes; training
    images of those are optional.
    """

    layouts: ClassVar[tuple[str, ...]] = ("PATH/{train,test}/CLASS/*", "PATH/CLASS/*")

    def read_listing(self) -> Listing:
        """List the files by part, class and name.

        Raises DataError for an absent folder, one without class folders, a part without the other,
        a class folder without images.
        """
        root = Path(self.member).expanduser()
        if not root.is_dir():
            raise DataError(f"no folder {root}: check the path after 'imagefolder/'")
        left_out: Counter[str] = Counter()
        top = [entry.name for entry in _folders(root)]
        if _is_divided(root, top):
            left_out.update(f"folder {name!r}" for name in top if name not in PARTS)
            files = [f for part in PARTS for f in _part(root, part, left_out)]
            _check_empty(root, files)
        else:
            files = _classes(root, root, None, left_out)
            if empty := _without_images(root, files):
                raise DataError(_complaint(empty[0]))
        if not files:
            raise DataError(
                f"{root} holds no class folders: expected {' or '.join(self.layouts)} with image "
                "files in them"
            )
        unseen = read_unseen((root, root.resolve().parent))
        return Listing(root, tuple(files), unseen, left_out=left_out)


def _is_divided(root: Path, top: list[str]) -> bool:
    """Whether ``root`` has parts; a class may be called "train" too, but then holds no folders."""
    having = [name for name in PARTS if name in top and any(_folders(root / name))]
    if len(having) == 1 and not set(top) - {*PARTS, "val", "validation", "valid", "dev"}:
        lacking = "test" if having == ["train"] else "train"
        raise DataError(
            f"{root} has {having[0]}/ with class folders, but no {lacking}/ with some: add it "
            f"(a folder of another name can be renamed), or name {root / having[0]} to have it "
            "divided 80/20"
        )
    return len(having) == 2


def _part(root: Path, part: Part, left_out: Counter[str]) -> list[ImageFile]:
    return _classes(root, root / part, part, left_out)


def _classes(
    root: Path, folder: Path, part: Part | None, left_out: Counter[str]
) -> list[ImageFile]:
    """The image files of each class folder in ``folder``, by name."""
    files = []
    for entry in _visible(folder):
        if entry.is_dir():
            prefix = entry.name if part is None else f"{part}/{entry.name}"
            _check_name(entry)
            for inner in _visible(Path(entry.path)):
                if inner.is_dir():
                    left_out["folders in class folders"] += 1
                elif _is_image(inner.name):
                    name = f"{prefix}/{inner.name}"
                    files.append(ImageFile(f"{root}/{name}", name, entry.name, part))
                else:
                    left_out[f"other files ({_suffix(inner.name)})"] += 1
        elif _is_image(entry.name):
            left_out["images outside class folders"] += 1
    return files


def _check_empty(root: Path, files: list[ImageFile]) -> None:
    """Raise DataError for a class folder without images; one in ``train`` may stand empty where
    the class has test images, as an unseen class may."""
    tested = {file.label for file in files if file.part == "test"}
    for part in reversed(PARTS):
        some = [file for file in files if file.part == part]
        for folder in _without_images(root / part, some):
            if part == "test" or folder.name not in tested:
                raise DataError(_complaint(folder))


def _without_images(folder: Path, files: list[ImageFile]) -> list[Path]:
    having = {file.label for file in files}
    return [folder / entry.name for entry in _folders(folder) if entry.name not in having]


def _complaint(folder: Path) -> str:
    inner = sum(1 for _ in _folders(folder))
    deeper = f" ({inner} folders lie in it, which are not read)" if inner else ""
    return (
        f"class folder {folder} holds no images{deeper}: put some right into it, or move it away; "
        f"file types: {' '.join(sorted(SUFFIXES))}"
    )


def _check_name(entry: os.DirEntry[str]) -> None:
    try:
        entry.name.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"class folder {os.fsencode(entry.path)!r}: its name is not UTF-8; rename it"
        ) from error


def _folders(folder: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in _visible(folder) if entry.is_dir())


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry in entries if not entry.name.startswith(HIDDEN)),
                key=lambda entry: entry.name,
            )
    except OSError as error:
        raise DataError(f"cannot read folder {folder} ({error.strerror}): check it") from error


def _is_image(name: str) -> bool:
    return _suffix(name) in SUFFIXES


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() if stem else "no suffix"
