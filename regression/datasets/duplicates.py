"""Rows of features that are nearly the same: one photo twice, or one person under two names.

Rows that agree to the last bit are put together first. The others are looked up in a k-d tree of
their ten strongest principal components: a projection never lengthens a distance, so no near row is
missed, and only the candidates are compared in full.
"""

from __future__ import annotations

import numpy as np

NEAR = 0.1
"""Mean difference of two near rows, in spreads of each feature: the root of the mean square. Among
the 22,000 rendered heads none are 0.3 apart by their encodings."""

EQUAL = 1e-3
"""The same of two rows that are one, whatever a CSV file rounded."""

_COMPONENTS = 10
_BLOCK = 2000


def spreads(numbers: np.ndarray) -> np.ndarray:
    """(d,) robust standard deviation of each column of (n, d): from the middle half of its values;
    of all its values where that is 0, and 1 where all are equal. nan is left out."""
    with np.errstate(all="ignore"):
        low, high = np.nanpercentile(numbers, [25, 75], axis=0)
        spread = (high - low) / 1.349
        spread = np.where(spread > 0, spread, np.nanstd(numbers, axis=0))
    return np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)


def near_duplicates(features: np.ndarray, limit: float = NEAR) -> list[np.ndarray]:
    """Groups of two and more rows, each near another one of its group.

    Args:
        features: (n, d). Rows that are not finite are in no group.
        limit: in spreads of the features, as NEAR.

    Returns:
        Row numbers, ascending, by group; groups in the order of their first rows.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    finite = np.flatnonzero(np.isfinite(features).all(axis=1))
    if len(finite) < 2:
        return []
    rows = np.asarray(features[finite], np.float64)
    rows = np.ascontiguousarray((rows - np.median(rows, axis=0)) / spreads(rows))
    # The bytes as one value each: far quicker to sort than rows of numbers.
    keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, same = np.unique(keys, return_index=True, return_inverse=True)
    one, other = _near_pairs(rows[first], limit)
    count = len(first)
    edges = coo_matrix((np.ones(len(one), bool), (one, other)), (count, count))
    group = connected_components(edges, directed=False)[1][same]
    order = np.argsort(group, kind="stable")
    groups = np.split(finite[order], np.flatnonzero(np.diff(group[order])) + 1)
    return sorted((each for each in groups if len(each) > 1), key=lambda each: int(each[0]))


def _near_pairs(rows: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of both rows of each pair no further apart than the limit."""
    from scipy.spatial import cKDTree

    reach = limit * np.sqrt(rows.shape[1])
    # One wild row would turn all components to itself; clipping shortens distances, too.
    clipped = np.clip(rows, -10, 10)
    axes = np.linalg.eigh(np.cov(clipped.T, bias=True).reshape(rows.shape[1], -1))[1]
    projected = clipped @ axes[:, ::-1][:, :_COMPONENTS]
    tree = cKDTree(projected)
    ones, others = [np.zeros(0, int)], [np.zeros(0, int)]
    for start in range(0, len(rows), _BLOCK):
        # A little further: the projection rounds.
        found = tree.query_ball_point(projected[start : start + _BLOCK], reach * (1 + 1e-9))
        for place, candidates in enumerate(found, start):
            later = np.array([one for one in candidates if one > place], int)
            gaps = np.linalg.norm(rows[later] - rows[place], axis=1)
            ones.append(np.full(int((gaps <= reach).sum()), place))
            others.append(later[gaps <= reach])
    return np.concatenate(ones), np.concatenate(others)
