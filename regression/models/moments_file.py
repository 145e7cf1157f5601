"""ROUTE.moments.npz: what a route's linear map for photographs was fitted from.

Means and second moments over all photos (regression.models.linear.Moments) as float32, of symmetric
matrices the upper triangle; the two counts as float64. They are sums over all people, and hold no
photo and nobody's own numbers; docs/adapt.md says what sums over few people may tell.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from regression.models.linear import Moments
from regression.models.model_files import ModelError, checked_bytes, read_card
from rig.npz_arrays import read_arrays


def moments_path(folder: Path, route: str) -> Path:
    """Where a route's moments are in a models folder."""
    return folder / f"{route}.moments.npz"


def save_moments(moments: Moments, folder: Path, route: str) -> None:
    """Writes ROUTE.moments.npz beside its place, then moves it there."""
    folder.mkdir(parents=True, exist_ok=True)
    triangle = np.triu_indices(len(moments.features))
    path = moments_path(folder, route)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            weight=np.float64(moments.weight),
            pairs=np.float64(moments.pairs),
            features=moments.features.astype(np.float32),
            targets=moments.targets.astype(np.float32),
            product=moments.product.astype(np.float32),
            target_variance=moments.target_variance.astype(np.float32),
            spread=moments.spread[triangle].astype(np.float32),
            change=moments.change[triangle].astype(np.float32),
        )
    os.replace(partial, path)


def load_moments(folder: Path, route: str) -> Moments:
    """What save_moments wrote, as float64; right to seven digits.

    Raises:
        ModelError: the file is missing, broken, or not the one that the route's card names.
    """
    path = moments_path(folder, route)
    if not path.is_file():
        raise ModelError(
            f"The models folder {folder} has no file {path.name}, so its model {route!r} cannot be "
            "adapted. Models that `fpp train` made from photos with this version were expected. "
            "Leave --models out to adapt the models that come with the program, or train anew."
        )
    content = checked_bytes(path, read_card(folder, route))
    try:
        arrays = read_arrays(content).items()
        return _moments({name: array.astype(np.float64) for name, array in arrays})
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}). The moments that `fpp train` writes were expected. "
            "Restore the file, or train the models again."
        ) from error


def _moments(arrays: dict[str, np.ndarray]) -> Moments:
    """Raises KeyError for a missing array, ValueError for those that do not fit together."""
    features, targets = arrays["features"], arrays["targets"]
    width = len(features)
    triangle = (width * (width + 1) // 2,)
    expected = {
        "product": (width, len(targets)),
        "target_variance": targets.shape,
        "spread": triangle,
        "change": triangle,
    }
    shapes = {name: arrays[name].shape for name in expected}
    if shapes != expected:
        raise ValueError(f"{width} features and {len(targets)} targets, but {shapes}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    return Moments(
        float(arrays["weight"]),
        features,
        targets,
        _symmetric(arrays["spread"], width),
        arrays["product"],
        arrays["target_variance"],
        float(arrays["pairs"]),
        _symmetric(arrays["change"], width),
    )


def _symmetric(triangle: np.ndarray, width: int) -> np.ndarray:
    matrix = np.zeros((width, width))
    matrix[np.triu_indices(width)] = triangle
    return matrix + np.triu(matrix, 1).T
