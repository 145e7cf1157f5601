"""Getting MakeHuman's data: the pinned files from GitHub, each checked by its SHA-256.

The manifest beside this file lists what the loader reads, with sizes and hashes. A user who has
MakeHuman's sources needs no download: `find_rig_folder` takes any copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypedDict

from rig.makehuman import data_root, needed_files
from rig.rig import RigError

REPOSITORY = "makehumancommunity/makehuman"
COMMIT = "a8bc2d54ff0ac92e78ff71431b1023eda42bf482"
SOURCE = f"https://raw.githubusercontent.com/{REPOSITORY}/{COMMIT}/makehuman/data"
MANIFEST = Path(__file__).with_name("makehuman_manifest.json")
ENVIRONMENT_VARIABLE = "FPP_RIG"

_SECONDS_TO_WAIT = 60
_ATTEMPTS = 3
_CONNECTIONS = 8


class ManifestEntry(TypedDict):
    """What a file must be."""

    sha256: str
    size: int


def cache_folder() -> Path:
    """Where downloads are kept for this user: XDG_CACHE_HOME, or the platform's cache folder."""
    if os.environ.get("XDG_CACHE_HOME"):
        base = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path.home() / ".cache"
    return base / "face-parameters-predictor" / "makehuman" / "data"


def find_rig_folder(explicit: Path | None = None) -> Path:
    """MakeHuman's data folder: the explicit one, else that of FPP_RIG, else the cache.

    Either may name the data folder or its parent. The first one given counts: a wrong one is an
    error, not a reason to look further. Raises RigError that says how to get one.
    """
    if explicit is not None:
        return data_root(Path(explicit))
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return data_root(Path(named))
    if not cache_folder().is_dir():
        raise RigError(
            f"There is no MakeHuman data in {cache_folder()}. Expected it there, or named by "
            f"--rig PATH or the environment variable {ENVIRONMENT_VARIABLE}. Run "
            "`fpp rig fetch makehuman`, or point to MakeHuman's data folder."
        )
    return data_root(cache_folder())


def rig_folder_if_there(explicit: Path | None = None) -> Path | None:
    """The same; None where none is named and none was fetched. A wrong one is an error here too."""
    if (
        explicit is None
        and not os.environ.get(ENVIRONMENT_VARIABLE)
        and not cache_folder().is_dir()
    ):
        return None
    return find_rig_folder(explicit)


def read_manifest(path: Path = MANIFEST) -> dict[str, ManifestEntry]:
    """The files to fetch: path below the data folder -> SHA-256 and size."""
    with open(path, encoding="utf-8") as stream:
        files: dict[str, ManifestEntry] = json.load(stream)["files"]
    return files


def describe_folder(data_folder: Path) -> dict[str, ManifestEntry]:
    """The manifest entries of a data folder: every file that the loader reads there."""
    folder = data_root(data_folder)
    entries: dict[str, ManifestEntry] = {}
    for name in needed_files(folder):
        content = (folder / name).read_bytes()
        entries[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return entries


def fetch_makehuman(
    folder: Path | None = None,
    source: str = SOURCE,
    manifest: dict[str, ManifestEntry] | None = None,
    progress: bool = True,
) -> Path:
    """Download MakeHuman's head data (7.3 MB, CC0) and return its data folder.

    folder: where to; the user's cache by default. source: address below which the files lie.
    manifest: what to fetch; the shipped one by default. Files that are there and right are kept, so
    an interrupted download resumes. A file is written beside and renamed once its hash is right.
    Raises RigError when a file cannot be had, or is not the expected one.
    """
    folder = cache_folder() if folder is None else folder
    manifest = read_manifest() if manifest is None else manifest
    from tqdm import tqdm

    missing = [name for name, entry in manifest.items() if not _is_right(folder / name, entry)]
    pool = ThreadPoolExecutor(_CONNECTIONS)
    try:
        tasks = [
            pool.submit(_fetch, f"{source.rstrip('/')}/{name}", folder / name, manifest[name])
            for name in missing
        ]
        with tqdm(total=len(missing), unit="file", desc="MakeHuman", disable=not progress) as bar:
            for task in as_completed(tasks):
                task.result()
                bar.update()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return folder


def _is_right(path: Path, entry: ManifestEntry) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return len(content) == entry["size"] and (
        hashlib.sha256(content).hexdigest() == entry["sha256"]
    )


def _fetch(address: str, path: Path, entry: ManifestEntry) -> None:
    content = _download(address, entry["size"])
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != entry["size"] or digest != entry["sha256"]:
        raise RigError(
            f"{address} is not the expected file (SHA-256 {digest}, {len(content)} bytes or "
            f"more). Expected SHA-256 {entry['sha256']}, {entry['size']} bytes. Nothing was "
            "kept of it; try again, and if it stays so, something between you and the source "
            "changes files: use another network, or --rig PATH with a copy you trust."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _download(address: str, size: int) -> bytes:
    """The content at the address; at most one byte more than `size`."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=_SECONDS_TO_WAIT) as response:
                return bytes(response.read(size + 1))
        except (OSError, urllib.error.URLError) as error:
            # An answer such as 404 stays the same however often one asks.
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if final or attempt == _ATTEMPTS:
                raise RigError(
                    f"{address} cannot be downloaded ({error}). Expected MakeHuman's file there, "
                    "over the network. Check the connection and run `fpp rig fetch makehuman` "
                    "again (what is there already is kept), or copy MakeHuman's data folder here "
                    f"and name it with --rig PATH or {ENVIRONMENT_VARIABLE}."
                ) from error
            time.sleep(attempt / 2)
    raise AssertionError("unreachable")
