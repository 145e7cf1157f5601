"""Rows that a model should not learn from, each found by a rule that has a name and gives a reason.

The rules are asked in the order of RULES; a row that one has dropped is nothing to those behind it.
The table itself is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.duplicates import EQUAL, near_duplicates, spreads
from regression.datasets.report_files import checksum, escaped_table, whole_folder
from regression.datasets.schema import TableSchema, detect_schema, to_project_table
from regression.datasets.splitting import feature_columns, storable
from regression.datasets.tables import TableError, read_table, write_table
from vision.features import ENCODING_FEATURES
from vision.ratios import RATIOS

if TYPE_CHECKING:
    import pandas as pd

NORM_LIMIT = 8.0
"""An encoding is impossible whose length is this many spreads from the others' median."""

NOISE_LIMIT = 4.5
"""Labels are noise whose residual norm is this many spreads beyond the others' median."""

RULES = {
    "failed": "a feature is missing or no finite number, or all of an encoding or of the landmark "
    "features are 0: the detection failed",
    "impossible": "a distance between landmarks, or the face's size, is not above 0; an angle of "
    "the head is beyond 90 degrees; the length of the encoding is more than "
    f"{NORM_LIMIT:g} robust standard deviations from the median; a slider is missing or outside 0 "
    "to 1",
    "duplicate": f"the features are those of an earlier row (mean difference below {EQUAL:g} "
    "standard deviations)",
    "noise": "the sliders do not belong to the features: predicted by ridge regression that has "
    "not seen the person (5-fold cross-validation), they are off by a norm more than "
    f"{NOISE_LIMIT:g} robust standard deviations beyond the median",
}
"""By name, what each rule drops."""

_POSITIVE = (
    *(f"ratio_{ratio.name}" for ratio in RATIOS if ratio.kind == "distance"),
    "face_size_millimetres",
)
_ANGLES = ("pose_yaw_magnitude", "pose_pitch")
_FOLDS = 5
_FEWEST_ROWS = 50
_TOLD = 0.2
_ROUNDS = 3
_TRUST = 2.5  # spreads
_PENALTIES = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, eq=False)
class Cleaning:
    """What the rules found.

    Attributes:
        keep: (n,) bool.
        dropped: row (1 is the first), face, person, rule, reason.
        notes: what a rule could not do, and why.
    """

    keep: np.ndarray
    dropped: pd.DataFrame
    notes: list[str]

    def counts(self) -> dict[str, int]:
        """Rows dropped by each rule, in the order of RULES."""
        return {rule: int((self.dropped["rule"] == rule).sum()) for rule in RULES}


def clean_table(
    path: Path,
    out: Path,
    given: Path | None = None,
    slider_names: Sequence[str] = (),
    off: Collection[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> Cleaning:
    """Cleans a table into a folder: faces.parquet with all columns of the rows that are left,
    dropped.csv and cleaning.md.

    Args:
        given, slider_names: as for detect_schema.
        off: names of rules to leave out.
        report: is told what is being done.

    Raises:
        TableError: the table cannot be used, no row is left, or the folder holds the table itself.
    """
    report("Reading")
    table = read_table(path).rename(columns=str)
    target = out / "faces.parquet"
    if target.resolve() == path.resolve() or out.resolve() == path.resolve():
        raise TableError(
            f"{target} would replace the table that is cleaned. Another folder was expected: the "
            "input is never changed. Name another one."
        )
    try:
        schema = detect_schema(table, slider_names, given)
        faces = to_project_table(table, schema)
    except TableError as error:
        raise TableError(f"{path}: {error}") from error
    cleaning = clean(faces, schema, off, report)
    if not cleaning.keep.any():
        counts = ", ".join(f"{rule} {count}" for rule, count in cleaning.counts().items())
        raise TableError(
            f"No row of {path} is left (dropped: {counts}). Faces with features and sliders were "
            "expected. Look at it with `fpp data describe`, or switch a rule off with --keep."
        )
    with whole_folder(out) as partial:
        write_table(_as_numbers(table[cleaning.keep], schema), partial / "faces.parquet")
        cleaning.dropped.to_csv(partial / "dropped.csv", index=False)
        text = cleaning_markdown(cleaning, path, off)
        (partial / "cleaning.md").write_text(text, encoding="utf-8")
    return cleaning


def clean(
    faces: pd.DataFrame,
    schema: TableSchema,
    off: Collection[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> Cleaning:
    """Asks the rules about a table of the project's columns.

    Raises ValueError for a name in `off` that is not in RULES.
    """
    import pandas as pd

    unknown = sorted(set(off) - set(RULES))
    if unknown:
        raise ValueError(
            f"There is no rule {unknown[0]!r}. One of {', '.join(RULES)} was expected. Name one."
        )
    notes: list[str] = []
    keep = np.ones(len(faces), bool)
    found: list[tuple[int, str, str]] = []
    for rule in RULES:
        if rule in off:
            continue
        report(f"Rule {rule}")
        left = np.flatnonzero(keep)
        reasons = _find(rule, faces.iloc[left], schema, left, notes)
        found += [(int(left[place]), rule, reason) for place, reason in sorted(reasons.items())]
        keep[left[list(reasons)]] = False
    rows = np.array([row for row, _, _ in found], int)
    dropped = pd.DataFrame(
        {
            "row": rows + 1,
            "face": faces["face"].iloc[rows].to_numpy(),
            "person": faces["person"].iloc[rows].to_numpy(),
            "rule": [rule for _, rule, _ in found],
            "reason": [reason for _, _, reason in found],
        }
    )
    return Cleaning(keep, dropped, notes)


def cleaning_markdown(cleaning: Cleaning, path: Path, off: Collection[str]) -> str:
    """The report: what each rule says and how many rows it dropped."""
    rows = [
        (rule, RULES[rule], "switched off" if rule in off else count)
        for rule, count in cleaning.counts().items()
    ]
    kept, total = int(cleaning.keep.sum()), len(cleaning.keep)
    sections = [
        "# What was cleaned",
        f"{path} (SHA-256 `{checksum(path)}`): {kept} of {total} rows are left in faces.parquet. "
        "Each row that was dropped is in dropped.csv with its rule and the reason; the table "
        "itself was not changed.",
        escaped_table(("rule", "drops a row when", "rows"), rows),
        *cleaning.notes,
    ]
    return "\n\n".join(sections) + "\n"


def label_residuals(
    features: np.ndarray, sliders: np.ndarray, people: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """How badly the sliders of each row fit its features.

    Ridge regression predicts each person's sliders from the other people; its penalty is the one
    with the least error. Few sliders are told by themselves, but sums and differences of them are:
    the residuals are taken along the canonical directions of the sliders, which are told best,
    second best and so on. Each counts by 2 R2 / (1 + R2) of its explained variance R2, which is the
    weight that tells rows whose sliders are another row's most surely (the ratio of likelihoods of
    two Gaussians); those below _TOLD do not count. Rows beyond _TRUST are left out when it is
    fitted again, so that noise does not hide noise; three times in all.

    Args:
        features: (n, d) finite.
        sliders: (n, s) finite.
        people: n names.

    Returns:
        (n,) how many spreads each row's residual norm is beyond the median, and (k,) the explained
        variance, on people not seen, of each direction that counts.
    """
    standard = np.clip((features - np.median(features, axis=0)) / spreads(features), -10, 10)
    varying = sliders[:, sliders.std(axis=0) > 1e-6]
    names, person = np.unique(people, return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(len(names))
    fold = (shuffled % _FOLDS)[person]
    trusted = np.ones(len(features), bool)
    beyond, explained = np.zeros(len(features)), np.zeros(0)
    for _ in range(_ROUNDS if varying.shape[1] else 0):
        residuals = _unseen_residuals(standard, varying, fold, trusted)
        explained, directions = _canonical(residuals[trusted], varying[trusted])
        if not len(explained):
            return np.zeros(len(features)), explained
        weights = 2 * explained / (1 + explained)
        scaled = residuals @ directions / np.sqrt(np.maximum(1 - explained, 1e-6))
        norms = np.sqrt(scaled**2 @ weights / weights.sum())
        calm = norms[trusted]
        beyond = (norms - np.median(calm)) / spreads(calm[:, None])[0]
        trusted = beyond <= _TRUST
    return beyond, explained


def _canonical(residuals: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k,) explained variance, and (s, k) direction along which targets have the variance 1, of
    each combination of targets whose explained variance is _TOLD and more."""
    from scipy.linalg import eigh

    total = np.atleast_2d(np.cov(targets.T, bias=True))
    # A little of independent noise in both: sliders that always move together have no difference.
    steadying = 1e-3 * np.diag(total).mean() * np.eye(len(total))
    error = residuals.T @ residuals / len(residuals)
    left, directions = eigh(error + steadying, total + steadying)
    told = 1 - left >= _TOLD
    return 1 - left[told], directions[:, told]


def _find(
    rule: str, faces: pd.DataFrame, schema: TableSchema, rows: np.ndarray, notes: list[str]
) -> dict[int, str]:
    """The reason by place in `faces`.

    Args:
        rows: (n,) place of each face in the whole table.
        notes: gets what the rule could not do.
    """
    if not len(faces):
        return {}
    if rule == "failed":
        return _failed(faces, schema)
    if rule == "impossible":
        return _impossible(faces, schema)
    if rule == "duplicate":
        return _repeated(faces, rows)
    return _noisy(faces, schema, notes)


def _failed(faces: pd.DataFrame, schema: TableSchema) -> dict[int, str]:
    reasons: dict[int, str] = {}
    kinds = (
        ("the encoding", ENCODING_FEATURES if schema.encoding else ()),
        ("the landmark features", schema.landmarks),
    )
    for what, names in kinds:
        numbers = faces[list(names)].to_numpy(np.float64)
        if not names:
            continue
        for place in np.flatnonzero(~np.isfinite(numbers).all(axis=1)):
            wrong = np.flatnonzero(~np.isfinite(numbers[place]))
            text = f"{len(wrong)} of {what} missing or not finite, {names[wrong[0]]} first"
            reasons.setdefault(int(place), text)
        for place in np.flatnonzero((numbers == 0).all(axis=1)):
            reasons.setdefault(int(place), f"all of {what} are 0")
    return reasons


def _impossible(faces: pd.DataFrame, schema: TableSchema) -> dict[int, str]:
    reasons: dict[int, str] = {}

    def say(names: Sequence[str], wrong: np.ndarray, expected: str) -> None:
        for place, column in np.argwhere(wrong):
            value = faces[names[column]].iloc[place]
            text = f"{names[column]} is {value:.6g}; {expected} was expected"
            reasons.setdefault(int(place), text)

    def numbers(names: Sequence[str]) -> np.ndarray:
        return faces[list(names)].to_numpy(np.float64)

    if schema.landmarks:
        say(_POSITIVE, numbers(_POSITIVE) <= 0, "a number above 0")
        say(_ANGLES, np.abs(numbers(_ANGLES)) > 90, "an angle within 90 degrees")
    if schema.encoding:
        lengths = np.linalg.norm(numbers(ENCODING_FEATURES), axis=1)
        # Those of rows that `failed` was told to keep are nan and no one's business here.
        middle = np.nanmedian(lengths) if np.isfinite(lengths).any() else np.nan
        # Encodings of one length have no spread; a hundredth of it is no reason to drop any.
        spread = max(spreads(lengths[:, None])[0], 0.01 * middle)
        for place in np.flatnonzero(np.abs(lengths - middle) > NORM_LIMIT * spread):
            reasons.setdefault(
                int(place),
                f"the encoding's length is {lengths[place]:.4g}; the median is {middle:.4g} with a "
                f"robust standard deviation of {spread:.2g}",
            )
    values = numbers(schema.slider_names)
    # A value that was stored as float32 may lie beyond by its rounding.
    wrong = ~((values >= -1e-6) & (values <= 1 + 1e-6))
    say(schema.slider_names, wrong, "a value from 0 to 1")
    return reasons


def _repeated(faces: pd.DataFrame, rows: np.ndarray) -> dict[int, str]:
    reasons = {}
    for group in near_duplicates(feature_columns(faces), EQUAL):
        first = faces.iloc[group[0]]
        for place in group[1:]:
            reasons[int(place)] = (
                f"the features are those of row {rows[group[0]] + 1}, face {first['face']!r} of "
                f"person {first['person']!r}"
            )
    return reasons


def _noisy(faces: pd.DataFrame, schema: TableSchema, notes: list[str]) -> dict[int, str]:
    features = faces[list(schema.features)].to_numpy(np.float64)
    sliders = faces[list(schema.slider_names)].to_numpy(np.float64)
    whole = np.isfinite(features).all(axis=1) & np.isfinite(sliders).all(axis=1)
    people = faces["person"].to_numpy(str)[whole]
    if whole.sum() < _FEWEST_ROWS or len(set(people)) < 2 * _FOLDS:
        notes.append(
            f"The rule `noise` says nothing: it needs {_FEWEST_ROWS} rows of {2 * _FOLDS} people "
            f"and found {int(whole.sum())} of {len(set(people))}."
        )
        return {}
    beyond, explained = label_residuals(features[whole], sliders[whole], people)
    if not len(explained):
        notes.append(
            "The rule `noise` says nothing: the features predict no slider of people not seen."
        )
        return {}
    notes.append(
        f"The rule `noise` went by {len(explained)} combinations of the {sliders.shape[1]} "
        "sliders, "
        f"of which the features explain {100 * explained.min():.0f} % to "
        f"{100 * explained.max():.0f} % of the variance in people not seen."
    )
    places = np.flatnonzero(whole)
    return {
        int(places[one]): f"the residual norm is {beyond[one]:.1f} robust standard deviations "
        f"beyond the median; up to {NOISE_LIMIT:g} was expected"
        for one in np.flatnonzero(beyond > NOISE_LIMIT)
    }


def _unseen_residuals(
    features: np.ndarray, targets: np.ndarray, fold: np.ndarray, trusted: np.ndarray
) -> np.ndarray:
    """(n, s) targets minus what ridge regression on the other folds' trusted rows predicts, with
    the penalty of the least error on trusted rows."""
    residuals = np.zeros((len(_PENALTIES), *targets.shape))
    for each in range(_FOLDS):
        train, test = trusted & (fold != each), fold == each
        centre, mean = features[train].mean(axis=0), targets[train].mean(axis=0)
        known = features[train] - centre
        values, axes = np.linalg.eigh(known.T @ known)
        along = axes.T @ (known.T @ (targets[train] - mean))
        projected = (features[test] - centre) @ axes
        for place, penalty in enumerate(_PENALTIES):
            weights = along / (np.maximum(values, 0) + penalty)[:, None]
            residuals[place, test] = targets[test] - mean - projected @ weights
    errors = np.mean(residuals[:, trusted] ** 2, axis=(1, 2))
    return residuals[int(np.argmin(errors))]


def _as_numbers(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """The table with numbers where columns of numbers were text because of a dropped row."""
    import pandas as pd

    table = table.reset_index(drop=True)
    for name in (*schema.encoding, *schema.landmarks, *schema.sliders):
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = pd.to_numeric(table[name], errors="coerce")
    return storable(table)
