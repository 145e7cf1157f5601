"""People whose landmarks are a head's, for tests of the evaluation and what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from regression.datasets.real_photos import RealFace
from regression.evaluation.evaluate import AVERAGE, BASELINES, MEASURED, Evaluation
from regression.evaluation.nested import NestedAgreement
from regression.evaluation.several_photos import IntervalsOfPhotos, SeveralPhotos
from regression.measures.agreement import MEAN, agreements_of, gains_over
from regression.measures.consistency import consistency_of
from regression.measures.drift import drift_of
from regression.models.intervals import SliderIntervals
from regression.training.calibration import Calibration, Coverage
from rig.landmark_head import LandmarkHead
from vision.features import ALL_FEATURES, ENCODING_FEATURES, LANDMARK_FEATURES
from vision.ratios import RATIOS, measure


def planted_faces(
    head: LandmarkHead,
    people: int = 30,
    collections: tuple[str, ...] = ("studio",),
    seen_by_both: bool = False,
) -> list[RealFace]:
    """A neutral photo, measured by hand, and a smiling one of each person.

    Landmarks are seen with noise, encodings say nothing. The people take turns among collections.
    The second landmarker, if there is one, sees without noise.
    """
    random = np.random.default_rng(2)
    made = []
    for number in range(people):
        collection = collections[number % len(collections)]
        person = f"{collection}/{number:03d}"
        ratios = measure(head.landmarks(np.clip(random.normal(0, 0.3, len(head.sliders)), -1, 1)))
        for expressive in (False, True):
            features = np.zeros(len(ENCODING_FEATURES) + len(LANDMARK_FEATURES), np.float32)
            features[:128] = random.normal(size=128)
            features[128 : 128 + len(RATIOS)] = ratios + random.normal(0, 2e-3, len(RATIOS))
            if seen_by_both:
                second = np.zeros(len(ALL_FEATURES) - len(features), np.float32)
                second[: len(RATIOS)] = ratios
                features = np.concatenate([features, second])
            by_hand = np.full(14, np.nan) if expressive else ratios[:14]
            photo = Path(f"{person}_{'08' if expressive else '03'}.jpg")
            made.append(
                RealFace(photo, collection, person, expressive, features, features, by_hand)
            )
    return made


def planted_evaluation(
    split: str = "people", people: int = 30, drifting: bool = True, nested: bool = False
) -> Evaluation:
    """An evaluation of two models and the baselines whose noise is planted; nothing is fitted."""
    random = np.random.default_rng(len(split))
    shapes = random.normal(0.5, 0.03, (people, 14))
    faces, measured = [], []
    for number, shape in enumerate(shapes):
        for expressive in (False, True):
            name = f"{number:03d}_{'08' if expressive else '03'}.jpg"
            by_hand = np.full(14, np.nan) if expressive else shape
            features = np.zeros(3, np.float32)
            faces.append(
                RealFace(
                    Path("/studio") / name,
                    "studio",
                    str(number),
                    expressive,
                    features,
                    features,
                    by_hand,
                )
            )
            measured.append(shape)
    true = np.array(measured)
    noise = random.normal(0, 0.01, (4, *true.shape))
    proportions = {
        "landmarks": 0.5 + 0.6 * (true + noise[0] - 0.5),
        "fused": true + noise[1],
        MEASURED: true + noise[2] * 1.5,
        AVERAGE: np.full(true.shape, 0.5),
    }
    models = ("landmarks", "fused")
    agreements = {m: agreements_of(rows, faces) for m, rows in proportions.items()}
    distances = {face.photo: 50.0 if face.expressive else 200.0 for face in faces}
    names = [f"chin/chin-{number}|{number + 1}" for number in range(14)]
    consistencies = {m: consistency_of(proportions[m], faces) for m in (*models, MEASURED)}
    return Evaluation(
        split=split,
        models=(*models, *BASELINES),
        faces=faces,
        proportions=proportions,
        slider_names=tuple(names),
        labelled=np.arange(14) < 12,
        agreements=agreements,
        gains={m: gains_over(proportions[MEASURED], proportions[m], faces) for m in models},
        consistency={m: one for m, one in consistencies.items() if one is not None},
        drift={
            m: drift_of(proportions[m], names, faces, {"distance_cm": distances}) for m in models
        }
        if drifting
        else {},
        calibrations={} if split == "collections" else {m: planted_calibration() for m in models},
        several_photos={
            m: SeveralPhotos(
                people=people,
                photos=2.0,
                single={kind: one.estimates["r"][MEAN] for kind, one in agreements[m].items()},
                one=agreements[m]["neutral"].estimates["r"][MEAN],
                together=agreements[MEASURED]["neutral"].estimates["r"][MEAN],
                gain=gains_over(proportions[m], true, faces)["neutral"],
                gains=gains_over(proportions[m], true, faces),
                one_interval=IntervalsOfPhotos(0.2, 0.91),
                together_interval=IntervalsOfPhotos(0.15, 0.88),
            )
            for m in models
        }
        if split == "people"
        else {},
        nested={
            m: NestedAgreement(
                agreements[m],
                gains_over(proportions[m], true, faces),
                ({"depth_penalty": 3.0}, {"depth_penalty": 1.0}, {"depth_penalty": 3.0}),
            )
            for m in models
        }
        if nested
        else {},
    )


def planted_calibration() -> Calibration:
    """Of 14 sliders, 10 of them told."""
    told = np.arange(14) < 10
    held = np.linspace(0.86, 0.94, 14)
    return Calibration(
        told=told,
        intervals=SliderIntervals(np.full(14, 0.1), np.full(14, 0.5), 30),
        average_half_widths=np.full(14, 0.16),
        values=np.full((1, 14), 0.5),
        coverage=Coverage(30, held, told),
        coverage_of_others=Coverage(77, held - 0.05, told),
    )
