"""How the shipped models are made.

1. A network is trained on rendered faces. It serves rendered faces, and on some held out it shows
   which sliders a picture of a face can tell.
2. The teacher labels every real person with those sliders, the others neutral.
3. A linear map from features to sliders and proportions is fitted to the real people. It serves
   photographs; the sliders are then settled on the proportions (regression.models.settling).

The two are joined in one network per route. They are kept apart because a rendered head looks
different to the detector and, much more so, to the encoder: mixed, the many rendered faces draw
the few real ones away (docs/experiments.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from regression.datasets.proportion_labels import UNMEASURED_WEIGHT
from regression.datasets.real_photos import RealFace
from regression.datasets.tables import Examples
from regression.measures.agreement import head_proportions
from regression.models.linear import Moments, moments_of, solve
from regression.models.network import NetworkSettings
from regression.models.settling import PROPORTION_COUNT
from regression.training.network_training import TrainingSettings, predict_values, train_network
from regression.training.teacher import label_people
from rig.landmark_head import LandmarkHead
from vision.features import ALL_FEATURES, encoding_width, feature_names
from vision.ratios import PROPORTION_NAMES, PROPORTIONS, RATIOS

if TYPE_CHECKING:
    import keras

TOLD_R2 = 0.24
"""A slider counts as told by a photo when this much of its variance is explained on held-out
rendered faces by the fused route, which sees the most. A little more than the 0.2 that is promised,
so that it holds on other faces too."""

NEVER_TOLD = ("head/head-age-decr|incr", "forehead/forehead-nubian-decr|incr")
"""Sliders named after age or descent, which this project does not infer from a photo."""


UNKNOWN_TO_ENCODINGS = (
    "pupil_distance",
    "eye_width",
    "eye_opening",
    "brow_height",
    "lip_height",
)
"""Proportions that landmarks say all about: an encoding adds more noise than news to them."""

_RATIO_OF_FEATURE = {f"ratio_{ratio.name}": ratio for ratio in RATIOS}


@dataclass(frozen=True)
class Recipe:
    """The choices, made by cross-validation over people (docs/experiments.md).

    Attributes:
        network, training: of the network for rendered faces.
        encoding_penalty, proportion_penalty, ratio_penalty, depth_penalty, expression_penalty: of
            the linear map for photographs: on the encoding's numbers, the 14 proportions, the
            other ratios with size and pose, the depths, and the expression scores.
        unknown_penalty: how many times greater the encoding's penalty is for UNKNOWN_TO_ENCODINGS.
        slider_steadiness, proportion_steadiness: how much it counts that photos of one person give
            the same sliders and proportions (regression.models.linear.solve).
        unmeasured_weight: how much a photo without hand-placed points counts, one with them
            counting 1.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    encoding_penalty: float = 1.0
    proportion_penalty: float = 0.1
    ratio_penalty: float = 0.4
    depth_penalty: float = 3.0
    expression_penalty: float = 1.0
    unknown_penalty: float = 15.0
    slider_steadiness: float = 1.0
    proportion_steadiness: float = 0.2
    unmeasured_weight: float = UNMEASURED_WEIGHT


@dataclass(frozen=True, eq=False)
class PhotographMap:
    """The fitted linear map of one route for photographs, (n, d) -> (n, s + 14).

    Attributes:
        moments: what it was fitted from.
        coefficients: (d, s + 14).
    """

    moments: Moments
    coefficients: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Slider values, not clipped, and proportions, (n, s + 14), of features (n, d)."""
        apart = features - self.moments.features
        return np.asarray(self.moments.targets + apart @ self.coefficients)

    @property
    def spread(self) -> np.ndarray:
        """(s,) standard deviation of the sliders' labels, 0..1 over their ranges."""
        return np.sqrt(self.moments.target_variance[:-PROPORTION_COUNT])


Report = Callable[[str], None]


def train_on_renders(
    route: str,
    rendered: Examples,
    recipe: Recipe,
    report: Report = lambda line: None,
    shape: np.ndarray | None = None,
) -> tuple[keras.Model, np.ndarray]:
    """Step 1: the network for rendered faces, and its errors (m, s) on a tenth of them held out.

    Args:
        report: called with a line of progress after each epoch.
        shape: (s, r) from regression.training.shape_loss, to count errors of the shape too.
    """

    def epoch_done(epoch: int, figures: dict[str, float]) -> None:
        report(f"{route}: epoch {epoch} of {recipe.training.epochs}, loss {figures['loss']:.4f}")

    held_out = np.arange(len(rendered)) % 10 == 0
    model = train_network(
        rendered.rows(~held_out),
        recipe.network,
        recipe.training,
        encoding_width(route),
        report=epoch_done,
        shape=shape,
    )
    test = rendered.rows(held_out)
    return model, predict_values(model, test.features) - test.sliders


def told_sliders(r2: np.ndarray, slider_names: Sequence[str]) -> np.ndarray:
    """(s,) bool: the sliders whose R2 reaches TOLD_R2, but never NEVER_TOLD."""
    return (r2 >= TOLD_R2) & np.array([name not in NEVER_TOLD for name in slider_names])


def label_faces(
    faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray
) -> dict[str, np.ndarray]:
    """Step 2: the teacher's labels by person, (s + 14,): slider values and proportions.

    Collections with and without hand-placed points are labelled apart. Where there are hand-placed
    points they say the proportions, moved to the mean of the labelled heads.
    """
    by_hand = collections_by_hand(faces)
    labels: dict[str, np.ndarray] = {}
    for measured in (True, False):
        group = [face for face in faces if (face.collection in by_hand) is measured]
        if not group:
            continue
        sliders = label_people(group, head, told)
        proportions = dict(
            zip(sliders, head_proportions(head, np.array([*sliders.values()])), strict=True)
        )
        placed: dict[str, list[np.ndarray]] = defaultdict(list)
        for face in group:
            if face.measured_by_hand and not face.expressive:
                placed[face.person].append(face.hand_placed)
        if placed:
            means = {person: np.mean(points, axis=0) for person, points in placed.items()}
            shift = np.mean([proportions[person] - means[person] for person in means], axis=0)
            proportions |= {person: mean + shift for person, mean in means.items()}
        labels |= {
            person: np.concatenate([values, proportions[person]])
            for person, values in sliders.items()
        }
    return labels


def fit_to_photos(
    route: str,
    faces: Sequence[RealFace],
    labels: Mapping[str, np.ndarray],
    recipe: Recipe,
    landmarker: str = "face_mesh",
) -> PhotographMap:
    """Step 3: the linear map for photographs; every photo counts together with its mirror image.

    Args:
        labels: of the faces' people, from label_faces.
    """
    examples = real_examples(route, faces, labels, recipe, landmarker)
    return solve_map(route, moments_of(examples), recipe, landmarker)


def solve_map(
    route: str, moments: Moments, recipe: Recipe, landmarker: str = "face_mesh"
) -> PhotographMap:
    """The map that the recipe makes of moments."""
    names = feature_names(route, landmarker)
    targets = len(moments.targets)
    penalties = np.tile(np.array([_penalty(name, recipe) for name in names])[:, None], targets)
    steadiness = np.full(targets, recipe.slider_steadiness)
    steadiness[-PROPORTION_COUNT:] = recipe.proportion_steadiness
    if route == "fused":
        for name in UNKNOWN_TO_ENCODINGS:
            column = PROPORTION_NAMES.index(name) - PROPORTION_COUNT
            penalties[: encoding_width(route), column] *= recipe.unknown_penalty
    expected = _as_measured(names, targets)
    return PhotographMap(moments, solve(moments, penalties, steadiness, expected))


def _as_measured(names: Sequence[str], targets: int) -> np.ndarray:
    """(d, s + 14) coefficients that give each proportion as the best landmarker measures it."""
    expected = np.zeros((len(names), targets))
    for number, ratio in enumerate(PROPORTIONS):
        for name in (f"face_landmarker_ratio_{ratio.name}", f"ratio_{ratio.name}"):
            if name in names:
                expected[names.index(name), number - PROPORTION_COUNT] = 1.0
                break
    return expected


def _penalty(feature: str, recipe: Recipe) -> float:
    """MediaPipe's depths are its weakest measures, the proportions its best understood ones."""
    if feature.startswith("encoding_"):
        return recipe.encoding_penalty
    if feature.startswith("expression_"):
        return recipe.expression_penalty
    ratio = _RATIO_OF_FEATURE.get(feature.removeprefix("face_landmarker_"))
    if ratio in PROPORTIONS:
        return recipe.proportion_penalty
    return recipe.depth_penalty if ratio and ratio.kind == "depth" else recipe.ratio_penalty


def real_examples(
    route: str,
    faces: Sequence[RealFace],
    labels: Mapping[str, np.ndarray],
    recipe: Recipe,
    landmarker: str = "face_mesh",
) -> Examples:
    """All photos of labelled people and their mirror images as weighted rows.

    Mirror images are named as other people, so that a change between two photos of one person is
    one of expression or pose.
    """
    columns = feature_columns(route, landmarker)
    by_hand = collections_by_hand(faces)
    weights = [1.0 if f.collection in by_hand else recipe.unmeasured_weight for f in faces]
    people = [face.person for face in faces]
    return Examples(
        features=np.array(
            [face.features[columns] for face in faces]
            + [face.mirrored_features[columns] for face in faces],
            np.float32,
        ),
        sliders=np.array([labels[person] for person in people] * 2, np.float32),
        people=np.array(people + [f"{person} in the mirror" for person in people]),
        weights=np.array(weights * 2, np.float32),
    )


def feature_columns(route: str, landmarker: str = "face_mesh") -> list[int]:
    """Where a route's features stand in vision.features.ALL_FEATURES."""
    return [ALL_FEATURES.index(name) for name in feature_names(route, landmarker)]


def collections_by_hand(faces: Sequence[RealFace]) -> set[str]:
    """The collections with hand-placed points."""
    return {face.collection for face in faces if face.measured_by_hand}
