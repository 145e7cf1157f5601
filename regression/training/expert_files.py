"""Networks for rendered heads kept in a folder, so that a stopped run need not train them again.

ROUTE.keras    the network
ROUTE.npz      what was measured of it, and of what it was made; written last
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from regression.datasets.tables import Examples
from regression.models.fingerprints import fingerprint
from regression.models.intervals import SliderIntervals
from regression.training.recipe import Recipe
from regression.training.rendered_expert import RenderedExpert, make_rendered_expert

_ARRAYS = ("held_out_r2", "test_errors", "test_spread")
# What numpy and Keras raise for files that are missing, cut short or changed.
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError)


def kept_expert(
    folder: Path | None,
    route: str,
    train: Examples,
    test: Examples,
    recipe: Recipe,
    lines: list[str],
    shape: np.ndarray | None = None,
) -> RenderedExpert:
    """The route's expert of the folder, where it was made of the same; else it is made and kept.

    Args:
        folder: None to keep nothing.
        train, test, recipe, lines, shape: as of make_rendered_expert.
    """
    if folder is None:
        return make_rendered_expert(route, train, test, recipe, lines, shape)
    made_of = _fingerprint(route, train, test, recipe, shape)
    expert = _load(folder, route, made_of)
    if expert is not None:
        lines.append(f"{route}: the network for rendered heads is there already.")
        return expert
    expert = make_rendered_expert(route, train, test, recipe, lines, shape)
    _save(expert, folder, route, made_of)
    return expert


def _fingerprint(
    route: str, train: Examples, test: Examples, recipe: Recipe, shape: np.ndarray | None
) -> str:
    """Of all that the network follows from."""
    found = hashlib.sha256(repr((route, recipe.network, recipe.training)).encode())
    arrays = [
        array for rows in (train, test) for array in (rows.features, rows.sliders, rows.weights)
    ]
    for array in arrays if shape is None else [*arrays, shape]:
        found.update(repr(array.shape).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _save(expert: RenderedExpert, folder: Path, route: str, made_of: str) -> None:
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    network = expert.network
    partial = folder / f"{route}.partial.keras"
    # The same layers without loss and optimizer: those hold a function of ours.
    keras.Model(network.input, network.output, name=network.name).save(partial)
    os.replace(partial, folder / f"{route}.keras")
    partial = folder / f"{route}.npz.partial"
    with partial.open("wb") as file:
        np.savez(
            file,
            made_of=np.array(made_of),
            network=np.array(fingerprint((folder / f"{route}.keras").read_bytes())),
            half_widths=expert.intervals.half_widths,
            shared_error=expert.intervals.shared_error,
            people=np.array(expert.intervals.people),
            **{name: getattr(expert, name) for name in _ARRAYS},
        )
    os.replace(partial, folder / f"{route}.npz")


def _load(folder: Path, route: str, made_of: str) -> RenderedExpert | None:
    """None where there is none, it cannot be read, or it was made of something else."""
    try:
        with np.load(folder / f"{route}.npz", allow_pickle=False) as file:
            if str(file["made_of"]) != made_of:
                return None
            arrays = {name: file[name] for name in _ARRAYS}
            intervals = SliderIntervals(
                file["half_widths"], file["shared_error"], int(file["people"])
            )
            written = str(file["network"])
        path = folder / f"{route}.keras"
        if fingerprint(path.read_bytes()) != written:
            return None
        import keras

        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except _DAMAGE:
        return None
    return RenderedExpert(network, intervals=intervals, **arrays)
