"""Points of a head's size, and smooth offsets of them, on one side or on both."""

from __future__ import annotations

import numpy as np

FLIP = np.array([-1, 1, 1], np.float32)
Points = np.ndarray


def ellipsoid(count: int = 1200, seed: int = 0, symmetric: bool = True) -> Points:
    """Random points of a head's size, the same on both sides or not."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(count, 3))
    points *= np.array([0.75, 1.1, 0.9]) / np.linalg.norm(points, axis=1, keepdims=True)
    if symmetric:
        half = points[: count // 2]
        points = np.concatenate([half, half * FLIP])[random.permutation(count // 2 * 2)]
    return points.astype(np.float32)


def bump(points: Points, place: tuple[float, ...], move: tuple[float, ...], size: float = 0.3):
    near = np.exp(-(np.linalg.norm(points - np.array(place), axis=1) ** 2) / size**2)
    return (near[:, None] * np.array(move) * 0.1).astype(np.float32)


def mirrored_bump(points: Points, place: tuple[float, ...], move: tuple[float, ...]) -> Points:
    return bump(points * FLIP, place, move) * FLIP


def both_sides(points: Points, place: tuple[float, ...], move: tuple[float, ...]) -> Points:
    return bump(points, place, move) + mirrored_bump(points, place, move)


def smooth(points: Points, seed: int) -> Points:
    """A random smooth displacement, the same on both sides."""
    random = np.random.default_rng(seed)
    terms = [
        both_sides(points, tuple(random.uniform(0, 0.7, 3)), tuple(random.normal(size=3)))
        for _ in range(4)
    ]
    return np.sum(terms, axis=0)
