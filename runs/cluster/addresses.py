"""Which photos a job is of: files, folders, and addresses such as s3://bucket/photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs.cluster.errors import ClusterError
from runs.marks import PhotoMark, mark_of
from vision.photos import PHOTO_SUFFIXES, find_photos, natural_key

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def is_address(text: str) -> bool:
    """Whether the text is an fsspec address (s3://, gs://, file://, zip://...) and no path."""
    return "://" in text or "::" in text


def find_cluster_photos(inputs: Sequence[str]) -> list[PhotoMark]:
    """The photos that files, folders and addresses name, none twice, without opening any.

    inputs: a path as `vision.photos.find_photos` takes it, or an address of a photo or a folder,
        which is searched with all below it for PHOTO_SUFFIXES, leaving out what is hidden.

    Returns one mark per photo, in the order of the inputs, each folder's in natural order. What
    does not exist is kept: it becomes a row that says so.

    Raises ClusterError where an address cannot be looked at.
    """
    found: dict[str, PhotoMark] = {}
    for given in inputs:
        marks = _below_address(given) if is_address(given) else _below_path(Path(given))
        for mark in marks:
            found.setdefault(mark.path, mark)
    return list(found.values())


def open_address(address: str) -> tuple[AbstractFileSystem, str]:
    """The file system of an address, and the place in it.

    Raises ClusterError for an address of no known kind, or one whose package is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        return url_to_fs(address)
    except ImportError as error:
        raise ClusterError(
            f"{address} is an address that needs another package ({error}). An address that this "
            "computer can open was expected. Install the package on every machine of the cluster."
        ) from error
    except Exception as error:  # each file system raises its own
        raise ClusterError(
            f"{address} cannot be opened ({error}). An address such as s3://bucket/folder, "
            "gs://bucket/folder or file:///folder was expected. Check it, and what its storage "
            "needs to let you in."
        ) from error


def _below_path(given: Path) -> Iterator[PhotoMark]:
    return (mark_of(path, "") for path in find_photos([given]))


def _below_address(address: str) -> Iterator[PhotoMark]:
    system, root = open_address(address)
    try:
        files: Mapping[str, Mapping[str, Any]] = (
            system.find(root, detail=True)
            if system.isdir(root)
            else {root: system.info(root) if system.exists(root) else {}}
        )
    except Exception as error:  # each file system raises its own
        raise ClusterError(
            f"{address} cannot be listed ({error}). A photo or a folder of photos was expected. "
            "Check the address, and what its storage needs to let you in."
        ) from error
    for path in sorted(files, key=lambda path: natural_key(Path(path))):
        if path != root:
            below = Path(path.removeprefix(root))
            if below.suffix.lower() not in PHOTO_SUFFIXES:
                continue
            if any(part.startswith(".") for part in below.parts):
                continue
        text = address if path == root else _address_of(system, path, address)
        size = files[path].get("size")
        yield PhotoMark(text, -1 if size is None else int(size), _changed(files[path]), "")


def _address_of(system: AbstractFileSystem, path: str, folder: str) -> str:
    """The address of a file below a folder's address, which may be a chain (zip://::s3://...)."""
    first, chain, rest = folder.partition("::")
    if chain:
        return f"{first.partition('://')[0]}://{path}::{rest}"
    return str(system.unstrip_protocol(path))


def _changed(info: Mapping[str, Any]) -> int:
    """When a file was changed, in nanoseconds; 0 where its storage does not say."""
    when = next((info[key] for key in ("mtime", "LastModified", "updated") if key in info), 0)
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            return 0
    if isinstance(when, datetime):
        when = when.timestamp()
    return int(when * 1e9) if isinstance(when, int | float) else 0
