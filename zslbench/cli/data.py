"""``zslbench data``: which data sets are on this machine, their cards, fetching, image ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zslbench.cli.cache import cache_dir_option
from zslbench.cli.output import fields, heading, plain_table, say, tell
from zslbench.cli.progress import make_display
from zslbench.cli.session import Session, pass_session, plugin_option
from zslbench.cli.settings import parse_names, parse_params
from zslbench.errors import DataError, PluginError
from zslbench.params import written

if TYPE_CHECKING:
    from zslbench.contracts import Dataset, DatasetCard, Places
    from zslbench.specs import ComponentRef

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(),
    envvar="ZSLBENCH_DATA_DIR",
    show_envvar=True,
    help="Folder of the data sets and word vectors.",
)


@click.group()
def data() -> None:
    """See which data sets are here, read their cards, fetch them."""


@data.command("list")
@data_dir_option
@plugin_option
@pass_session
def list_data(session: Session, data_dir: str | None) -> None:
    """List the data sets and whether they are on this machine."""
    places = _places(data_dir, None)
    rows = []
    for item in session.registry.components("dataset"):
        name = item.spec.name
        if item.spec.is_family:
            rows.append((name, "yours", item.spec.summary, "", ""))
            continue
        try:
            ref = session.registry.resolve("dataset", name)
            dataset: Dataset = session.registry.create(ref)
            with session.registry.calling(ref, "sources"):
                state, where = state_of(dataset, places)
        except PluginError as error:
            rows.append((name, "unusable", str(error), "", ""))
            continue
        images = f"{dataset.card.train_images:,} + {dataset.card.test_images:,}"
        rows.append((name, state, where, str(len(dataset.card.classes)), images))
    headings = ("data set", "state", "where", "classes", "images (training + test)")
    say(plain_table(headings, rows, right="lllrr"))
    tell(f"data folder: {places.data_dir}; one of them in full: zslbench data card NAME")


@data.command()
@click.argument("name")
@data_dir_option
@cache_dir_option
@plugin_option
@pass_session
def card(session: Session, name: str, data_dir: str | None, cache_dir: str | None) -> None:
    """Show the card of data set NAME.

    Size, classes, split, licence, recommended settings, official files, exact duplicates.
    """
    places = _places(data_dir, cache_dir)
    ref = session.registry.resolve("dataset", name)
    dataset: Dataset = session.registry.create(ref)
    about = dataset.card
    say(heading(f"{ref.label}: {about.title}"), fields(_facts(about)))
    recommended = [(f"  {key}", written(value)) for key, value in about.recommended.items()]
    if recommended:
        say("", heading("recommended settings, used unless --set says otherwise"))
        say(fields(recommended))
    for note in about.notes:
        say("", note)
    if about.files:
        files = [(f.name, f"{f.size:,}", f.sha256, f.url) for f in about.files]
        say("", heading("official files"), plain_table(("name", "bytes", "sha256", "url"), files))
    say("", heading("on this machine"), fields(_here(session, ref, dataset, places)))


@data.command()
@click.argument("name")
@data_dir_option
@plugin_option
@pass_session
def fetch(session: Session, name: str, data_dir: str | None) -> None:
    """Download data set NAME into the data folder.

    A download that was cut off goes on where it stopped; the checksum is verified.
    """
    from dataclasses import replace

    places = _places(data_dir, None)
    ref = session.registry.resolve("dataset", name)
    dataset: Dataset = session.registry.create(ref)
    with session.registry.calling(ref, "sources"):
        state, where = state_of(dataset, places)
    if state == "absent":
        with make_display() as display:
            display.stage_started(f"fetch {name}", where)

            def progress(done: int, total: int) -> None:
                display.stage_progress(f"fetch {name}", done, total)

            with session.registry.calling(ref, "fetch"):
                files = dataset.fetch(replace(places, progress=progress))
        say(f"{name}: fetched", *(f"  {path}" for path in files))
    else:
        say(f"{name}: {state}, nothing to fetch ({where}); a run checks its files as it reads them")


@data.command()
@click.argument("name")
@click.option("--part", type=click.Choice(["train", "test"]), required=True, help="Which images.")
@click.option(
    "--unseen", multiple=True, metavar="A,B", help="The unseen classes, where parts depend on them."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="dataset.PARAM=VALUE",
    help="Set a parameter of the data set. Repeatable.",
)
@data_dir_option
@cache_dir_option
@plugin_option
@pass_session
def ids(
    session: Session,
    name: str,
    part: str,
    unseen: tuple[str, ...],
    settings: tuple[str, ...],
    data_dir: str | None,
    cache_dir: str | None,
) -> None:
    """Print the ids of the images of data set NAME in canonical order, as csv: position,id.

    An id is the sha256 of the image's decoded uint8 RGB pixels (h, w, 3), or of a lossy file's
    bytes. Features and predictions made elsewhere are joined by it, or by the position.
    """
    from zslbench.api import open_dataset

    held = parse_names(unseen) if unseen else None
    with make_display() as display:
        opened = open_dataset(
            name,
            set=parse_params(settings),
            unseen=held,
            data_dir=data_dir,
            cache_dir=cache_dir,
            plugins=[*session.plugins, display],
        )
    digests = getattr(opened, part).ids
    click.echo("position,id")
    for position, digest in enumerate(digests):
        click.echo(f"{position},{bytes(digest).hex()}")


def state_of(dataset: Dataset, places: Places) -> tuple[str, str]:
    """Return ``present``, ``drawn`` or ``absent``, and where it is or what is missing."""
    try:
        files = dataset.sources(places)
    except DataError as error:
        return "absent", str(error).partition(":")[0]
    if not files:
        return "drawn", "made by the program, no file needed"
    from zslbench.cache import format_size

    size = format_size(sum(path.stat().st_size for path in files))
    return "present", f"{_common_folder(files)} ({size})"


def _places(data_dir: str | None, cache_dir: str | None) -> Places:
    from zslbench.api import cache_folder, data_folder
    from zslbench.contracts import Places

    return Places(data_folder(data_dir), cache_folder(cache_dir))


def _common_folder(files: tuple[Path, ...]) -> Path:
    first = files[0].parent
    return next(f for f in (first, *first.parents) if all(f in path.parents for path in files))


def _facts(about: DatasetCard) -> Iterator[tuple[str, Any]]:
    yield "summary", about.summary
    yield "images", f"{about.train_images:,} training + {about.test_images:,} test"
    yield "image size", about.image_size
    yield f"{len(about.classes)} classes", ", ".join(about.classes)
    standard = f"{', '.join(about.unseen)} (the standard split; others by --unseen)"
    yield "unseen", standard if about.unseen else "none stated: name some by --unseen A,B"
    yield "embedding", f"{about.embedding} (the default; others by --embedding)"
    yield "licence", about.licence
    yield "homepage", about.homepage
    yield "cite", about.citation
    yield "layouts", ", ".join(about.layouts)


def _here(
    session: Session, ref: ComponentRef, dataset: Dataset, places: Places
) -> Iterator[tuple[str, Any]]:
    from zslbench.dataset_cache import DatasetCache
    from zslbench.hashes import FileHashes
    from zslbench.monitor import Monitor

    try:
        with session.registry.calling(ref, "sources"):
            state, where = state_of(dataset, places)
        yield state, where
        if state == "absent":
            dataset.sources(places)
    except DataError as error:
        yield "get it", str(error)
        return
    monitor = Monitor(session.registry.manager.hook)
    hashes = FileHashes(places.cache_dir / "hashes")
    stored = DatasetCache(session.registry, hashes, places, monitor).find(ref)
    if stored is None:
        yield "duplicates", "counted once its images are in the cache, at the first run"
        return
    yield "fingerprint", stored.fingerprint
    counts = stored.duplicates
    yield (
        "duplicates",
        f"exact: {counts['train']} within training, {counts['test']} within test, "
        f"{counts['test_in_train']} test images also in training",
    )
