"""The rig fitted to a photo's landmarks: a model of its own, and a teacher for others.

1. Sliders and expression units are fitted together to the photo's ratios, with the perspective of
   the camera's distance; a ratio that does not go with the others counts little.
2. The expression is dropped. What is then measured on the head, beside the ratios as they were,
   corrects the 14 proportions for what the detector does to them: it pulls them to the average
   and takes a smile for a wide mouth. The correction was learned from people whose points were
   placed by hand.
3. The sliders are settled on the corrected proportions.

Ratios are taken as differences from the average person, because the detector sees a rendered head
and a photographed one differently: the average person gets the neutral head.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from regression.datasets.proportion_labels import means_by_person, photos_at_rest, proportion_labels
from regression.datasets.real_photos import RealFace
from regression.datasets.tables import Examples
from regression.models.linear import moments_of, solve
from regression.models.perspective import PORTRAIT_DISTANCE, known_distance, seen_from
from regression.models.settling import PROPORTION_COUNT, Settler
from rig.fit import MeasuredHead, fit_sliders, slider_spreads
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.npz_arrays import read_arrays
from rig.rig import RigError
from vision.features import ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import PROPORTIONS, RATIOS, measure

EXPRESSION_SPREAD = 0.3
"""How far an expression unit strays from rest before the fit needs evidence, of 0..1."""

OUTLIER = 2.0
"""Tolerances by which a ratio may miss before it counts half (rig.fit)."""

# How far a ratio may miss in step 1, as a fraction of its spread over people.
_TOLERANCE = 0.3
_DEPTH_TOLERANCE = 1.0

# Penalties of the correction (regression.models.linear.solve), chosen by cross-validation over
# people.
_PROPORTION_PENALTY = 0.1
_RATIO_PENALTY = 0.4
_DEPTH_PENALTY = 3.0
_HEAD_PENALTY = 1.0
_STEADINESS = 0.2

_RATIO_COUNT = len(RATIOS)
_LANDMARK_COLUMNS = slice(len(ENCODING_FEATURES), len(ENCODING_FEATURES) + len(LANDMARK_FEATURES))
_ARRAYS = ("told", "average", "tolerances", "centre", "coefficients", "offset")


@dataclass(frozen=True, eq=False)
class RigFit:
    """The fit with all that it learned from people. s sliders.

    Attributes:
        head: the rig, with or without expression units.
        told: (s,) bool, the sliders to fit; the others stay neutral.
        average: (78,) float64, the average person's ratios.
        tolerances: (78,) float64, how far each may miss.
        centre: (159,) float64, mean of the landmark features and of the ratios measured on the
            head without expression, over the people of the correction.
        coefficients: (159, 14) float64, from differences from that to proportions.
        offset: (14,) float64, proportions at the centre, less the average person's.
    """

    head: LandmarkHead
    told: np.ndarray
    average: np.ndarray
    tolerances: np.ndarray
    centre: np.ndarray
    coefficients: np.ndarray
    offset: np.ndarray

    @staticmethod
    def from_people(faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray) -> RigFit:
        """Learns the average person, the tolerances and the correction.

        Collections with hand-placed points give the average person. Collections without, of 20
        people and more, count a tenth in the correction, each with its own average person: the
        ratios of the better landmarker, where it was asked, stand for points placed by hand.
        Without any hand-placed points nothing is corrected.

        Args:
            faces: photos of the training people.
            told: (s,) bool, the sliders to fit.

        Raises:
            ValueError: there are no faces.
        """
        if not faces:
            raise ValueError("No faces came in. At least one was expected. Pass training photos.")
        labels, weights = proportion_labels(faces)
        by_hand = {person for person, weight in weights.items() if weight == 1}
        known = [f for f in faces if f.person in by_hand and not f.expressive]
        ratios = means_by_person(known or photos_at_rest(faces), _ratios_of_first)
        rows = np.array([*ratios.values()])
        kinds = [_DEPTH_TOLERANCE if r.kind == "depth" else _TOLERANCE for r in RATIOS]
        width = len(LANDMARK_FEATURES) + _RATIO_COUNT
        fit = RigFit(
            head=head,
            told=np.asarray(told, dtype=bool),
            average=rows.mean(axis=0),
            tolerances=np.array(kinds) * np.maximum(rows.std(axis=0), 1e-3),
            centre=np.zeros(width),
            coefficients=_uncorrected(width),
            offset=np.zeros(PROPORTION_COUNT),
        )
        fit = replace(fit, offset=-fit.average[:PROPORTION_COUNT])
        return fit._corrected_by(faces, labels, weights) if by_hand else fit

    def values(self, features: np.ndarray, distances: np.ndarray | None = None) -> np.ndarray:
        """Slider values (n, s) float32, 0..1.

        Args:
            features: (n, 81) vision.features.LANDMARK_FEATURES.
            distances: (n,) face heights between camera and eyes
                (regression.models.perspective.camera_distance); nan, or None for all, where it is
                not known: a portrait's is assumed.

        Raises:
            ValueError: shapes do not fit together, or features are not finite.
        """
        read, sliders = self._fitted(features, distances)
        proportions = self._neutral_proportions + self.offset
        proportions = proportions + (read - self.centre) @ self.coefficients
        units = np.tile([s.to_unit(s.neutral) for s in self.head.sliders], (len(read), 1))
        for column, fitted in zip(np.flatnonzero(self.told), sliders.T, strict=True):
            units[:, column] = self.head.sliders[column].to_unit(fitted)
        return self._settler.settle(np.clip(units, 0.0, 1.0), proportions)

    def fitted_ratios(
        self, features: np.ndarray, distances: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, 78) ratios of the fitted heads without expression, before any correction, as seen
        from a portrait's distance. Arguments as of `values`."""
        return self._fitted(features, distances)[0][:, len(LANDMARK_FEATURES) :]

    def save(self, path: Path) -> None:
        """Writes all but the head, which has its own file, as .npz."""
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                slider_names=np.array(self.head.slider_names),
                **{name: getattr(self, name) for name in _ARRAYS},
            )
        os.replace(partial, path)

    @staticmethod
    def load(path: Path, head: LandmarkHead | None = None, content: bytes | None = None) -> RigFit:
        """Reads what `save` wrote.

        Args:
            head: the rig; None for head.npz beside the file.
            content: the file's bytes, where they were read already.

        Raises:
            RigError: a file is missing, is not such a file, or was made for another rig.
        """
        head = head or load_landmark_head(path.with_name("head.npz"))
        try:
            file = read_arrays(path if content is None else content)
            names = tuple(str(name) for name in file["slider_names"])
            arrays = {name: file[name] for name in _ARRAYS}
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise RigError(
                f"{path} cannot be read as a rig fit ({error}). A .npz file written by this "
                "project was expected. Restore it, or train anew."
            ) from error
        width = len(LANDMARK_FEATURES) + _RATIO_COUNT
        shapes = dict(
            zip(
                _ARRAYS,
                (
                    (len(names),),
                    (_RATIO_COUNT,),
                    (_RATIO_COUNT,),
                    (width,),
                    (width, PROPORTION_COUNT),
                    (PROPORTION_COUNT,),
                ),
                strict=True,
            )
        )
        if names != head.slider_names or any(arrays[n].shape != shapes[n] for n in _ARRAYS):
            raise RigError(
                f"{path} was made for another rig or by another version. Arrays for the "
                f"{len(head.sliders)} sliders of {head.rig} and for {width} features were "
                "expected. Train it anew."
            )
        if arrays["told"].dtype != bool or not all(_is_finite(arrays[n]) for n in _ARRAYS):
            raise RigError(
                f"{path} holds numbers that make no sense. Finite ones, and true or false for "
                "each slider, were expected. Restore it, or train anew."
            )
        return RigFit(head, **arrays)

    @cached_property
    def _settler(self) -> Settler:
        ranges = np.array([s.maximum - s.minimum for s in self.head.sliders])
        return Settler(self.head, self.told, slider_spreads(self.head.sliders) / ranges)

    @cached_property
    def _neutral_proportions(self) -> np.ndarray:
        return measure(self.head.landmarks(np.zeros(len(self.head.sliders))), PROPORTIONS)

    @cached_property
    def _portrait(self) -> MeasuredHead:
        return self._seen_from(PORTRAIT_DISTANCE)

    def _seen_from(self, distance: float) -> MeasuredHead:
        """The head with the sliders to fit and its expressions, measured as a camera sees it."""
        moving = self.head.with_sliders(self.told).with_expression_sliders()
        return MeasuredHead(moving, lambda points: measure(seen_from(points, distance)))

    def _fitted(
        self, features: np.ndarray, distances: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Step 1: (n, 159) what the correction reads, as of a portrait, and (n, told) sliders in
        rig units."""
        features = np.asarray(features, dtype=np.float64)
        if distances is None:
            distances = np.full(len(features), np.nan)
        distances = np.asarray(distances, dtype=np.float64)
        if (
            features.shape != (len(distances), len(LANDMARK_FEATURES))
            or not np.isfinite(features).all()
        ):
            raise ValueError(
                f"Features of shape {features.shape} came with distances of shape "
                f"{distances.shape}. Finite features (n, {len(LANDMARK_FEATURES)}) and a distance "
                "for each were expected. Correct the call."
            )
        count = int(self.told.sum())
        reckoned = np.array([known_distance(distance) for distance in distances])
        portrait = self._portrait
        spreads = np.full(len(portrait.head.sliders), EXPRESSION_SPREAD)
        spreads[:count] = slider_spreads(portrait.head.sliders[:count])
        seen_neutral = portrait.measures(np.zeros(len(spreads)))
        ratios = features[:, :_RATIO_COUNT]
        adjusted, fitted = features.copy(), np.zeros((len(features), len(spreads)))
        for distance in np.unique(reckoned):
            rows = reckoned == distance
            near = portrait if distance == PORTRAIT_DISTANCE else self._seen_from(float(distance))
            targets = seen_neutral + ratios[rows] - self.average
            fitted[rows] = fit_sliders(near, targets, self.tolerances, spreads, OUTLIER)
            if near is not portrait:
                changed = portrait.measures(fitted[rows]) - near.measures(fitted[rows])
                adjusted[rows, :_RATIO_COUNT] += changed
        sliders = fitted[:, :count]
        at_rest = np.where(np.arange(len(spreads)) < count, fitted, 0.0)
        return np.concatenate([adjusted, portrait.measures(at_rest)], axis=1), sliders

    def _corrected_by(
        self,
        faces: Sequence[RealFace],
        labels: dict[str, np.ndarray],
        weights: dict[str, float],
    ) -> RigFit:
        """The same with a correction from features to labels, by person."""
        used = [face for face in faces if face.person in labels]
        features = np.array([face.mean_features[_LANDMARK_COLUMNS] for face in used])
        read, _ = self._fitted(features, None)
        moments = moments_of(
            Examples(
                features=read.astype(np.float32),
                sliders=np.array([labels[face.person] for face in used], np.float32),
                people=np.array([face.person for face in used]),
                weights=np.array([weights[face.person] for face in used], np.float32),
            )
        )
        kinds = [
            _PROPORTION_PENALTY
            if ratio in PROPORTIONS
            else (_DEPTH_PENALTY if ratio.kind == "depth" else _RATIO_PENALTY)
            for ratio in RATIOS
        ]
        penalties = np.full((read.shape[1], PROPORTION_COUNT), _HEAD_PENALTY)
        penalties[:_RATIO_COUNT] = np.array(kinds)[:, None]
        penalties[_RATIO_COUNT : len(LANDMARK_FEATURES)] = _RATIO_PENALTY
        # Penalties pull to no correction, not to the average person.
        variance = np.diag(moments.spread)[:, None] + 1e-8
        pulled = moments.product + penalties * _uncorrected(read.shape[1]) * variance
        steadiness = np.full(PROPORTION_COUNT, _STEADINESS)
        return replace(
            self,
            centre=moments.features,
            coefficients=solve(replace(moments, product=pulled), penalties, steadiness),
            offset=moments.targets,
        )


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind in "bif" and bool(np.isfinite(array).all())


def _uncorrected(width: int) -> np.ndarray:
    """Coefficients (width, 14) that leave the 14 proportions as they were measured."""
    return np.eye(width, PROPORTION_COUNT)


def _ratios_of_first(face: RealFace) -> np.ndarray:
    return face.mean_features[_LANDMARK_COLUMNS][:_RATIO_COUNT].astype(np.float64)
