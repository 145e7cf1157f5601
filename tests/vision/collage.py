"""Put faces of chosen sizes into one picture, where tests know them to be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.faces import Face

Box = tuple[float, float, float, float]


def wall(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Soft blotches of colour with a brick pattern: a picture without a face."""
    import cv2

    generator = np.random.default_rng(seed)
    blotches = generator.integers(90, 200, (9, 12, 3), dtype=np.uint8)
    picture: np.ndarray = cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)
    picture[:: max(8, height // 12)] = 60
    picture[:, :: max(8, width // 10)] = 60
    return picture


def paste(
    picture: np.ndarray, source: np.ndarray, face: Face, mesh_height: float, centre: Sequence[float]
) -> Box:
    """Draw a head into a picture, in place, so that its mesh is this high and centred there.

    Returns the mesh's (left, top, right, bottom) in the picture.
    """
    import cv2

    left, top, right, bottom = face.box
    scale = mesh_height / (bottom - top)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(source, None, fx=scale, fy=scale, interpolation=method)
    margin = 0.4 * mesh_height
    across = round(centre[0] - (left + right) / 2 * scale)
    down = round(centre[1] - (top + bottom) / 2 * scale)
    # The head's rows and columns in the resized source, as far as both pictures go.
    height, width = picture.shape[:2]
    x, y = max(0, -across, round(left * scale - margin)), max(0, -down, round(top * scale - margin))
    end_x = min(width - across, round(right * scale + margin))
    end_y = min(height - down, round(bottom * scale + margin))
    head = resized[y:end_y, x:end_x]
    picture[y + down : y + down + head.shape[0], x + across : x + across + head.shape[1]] = head
    return (
        left * scale + across,
        top * scale + down,
        right * scale + across,
        bottom * scale + down,
    )


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return across * down / (areas - across * down)
