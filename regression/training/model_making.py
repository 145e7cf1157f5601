"""From tables and photos to a models folder: train, measure, write the networks and their cards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from regression.datasets.real_photos import RealFace, read_photo_folder
from regression.datasets.synthesis import read_prior, shipped_prior
from regression.datasets.tables import examples_from_table, read_table
from regression.measures.agreement import agreements_of, head_proportions
from regression.models.linear import join_experts, linear_network
from regression.models.model_files import save_network, shipped_models
from regression.models.moments_file import save_moments
from regression.models.rig_fit import RigFit
from regression.training.calibration import Calibration, UnseenSliders, calibrate
from regression.training.cross_validation import (
    FIT,
    UnseenFit,
    UnseenOutputs,
    cross_validated_outputs,
    folds_over_people,
)
from regression.training.expert_files import kept_expert
from regression.training.model_card import describe_photos, make_card, write_card
from regression.training.recipe import (
    PhotographMap,
    Recipe,
    collections_by_hand,
    fit_to_photos,
    label_faces,
    told_sliders,
)
from regression.training.rendered_expert import RenderedExpert, rendered_part
from regression.training.shape_loss import shape_directions
from regression.training.transferred_map import (
    SliderMap,
    slider_map,
    transferred_map,
    transferred_part,
)
from rig.landmark_head import LandmarkHead, load_landmark_head


@dataclass(frozen=True)
class MakingPlan:
    """What to train.

    Attributes:
        out: models folder to write.
        routes: some of vision.features.ROUTES.
        data: folder with train/faces.parquet and test/faces.parquet.
        photos: folder of real photos (regression.datasets.real_photos), or None.
        collections: the folders of `photos` to use; empty for all.
        task_file: MediaPipe's face_landmarker.task, or None. With it the teacher sees by it, and
            models that read it too are written into the folder face_landmarker.
        head: landmark head file, or None for the shipped one.
        folds: of the cross-validation over people; 0 for none, and no intervals for photographs.
        epochs: instead of the recipe's, or None.
        experts: folder where the networks for rendered heads are kept, to go on with after a stop
            (regression.training.expert_files), or None.
        by_shape: whether the networks for rendered heads also learn by how far the shape of the
            face is off (regression.training.shape_loss), not by each slider alone.
        transfer: where there are no photos, a models folder of another rig whose photographs are
            carried over to this one (regression.training.transferred_map), or None.
    """

    out: Path
    routes: tuple[str, ...]
    data: Path
    photos: Path | None
    collections: tuple[str, ...]
    task_file: Path | None
    head: Path | None
    folds: int
    epochs: int | None
    experts: Path | None = None
    by_shape: bool = False
    transfer: Path | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe with this plan's number of epochs."""
        recipe = Recipe()
        if self.epochs is None:
            return recipe
        return replace(recipe, training=replace(recipe.training, epochs=self.epochs))


def make_models(plan: MakingPlan) -> Iterator[str]:
    """Runs the plan; yields lines of progress.

    Raises:
        TableError, RigError, PhotoError, LandmarkerFileError: an input cannot be used.
    """
    head_path = plan.head or shipped_models() / "head.npz"
    head = load_landmark_head(head_path)
    tables = [read_table(plan.data / part / "faces.parquet") for part in ("train", "test")]
    faces: list[RealFace] = []
    if plan.photos is not None:
        faces = read_photo_folder(plan.photos, plan.collections, plan.task_file)
        yield f"{len(faces)} photos of {len({face.person for face in faces})} people were read."

    lines: list[str] = []
    experts = {}
    # The fused route sees the most: what it cannot tell, no route can.
    for route in dict.fromkeys((*plan.routes, "fused")):
        train, test = (examples_from_table(table, route, head.slider_names) for table in tables)
        shape = shape_directions(head, train.sliders) if plan.by_shape else None
        experts[route] = kept_expert(plan.experts, route, train, test, plan.recipe, lines, shape)
        yield lines[-1]
    told = told_sliders(experts["fused"].held_out_r2, head.slider_names)
    yield f"{told.sum()} of {len(told)} sliders can be told from rendered faces."
    if faces and not told.any():
        faces = []
        yield "The photos are left out: there is no slider that they could be labelled with."

    labels = label_faces(faces, head, told)
    carried = None
    if not faces and plan.transfer is not None and told.any():
        source = load_landmark_head(plan.transfer / "head.npz")
        carried = slider_map(read_prior(shipped_prior()), source, head, told)
        yield f"What the models of {source.rig} learned from photos is carried over."
    makers = [_Maker(plan, plan.out, "face_mesh", head, head_path, told, labels, carried)]
    if faces and plan.task_file is not None:
        folder = plan.out / "face_landmarker"
        makers.append(_Maker(plan, folder, "face_landmarker", head, head_path, told, labels))
    rendered = {"train": len(tables[0]), "test": len(tables[1])}
    for maker in makers:
        yield from maker.make(faces, experts, rendered)
    if faces:
        yield from makers[0].make_fit(faces)
    yield f"Written to {plan.out}."


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes the models for one landmarker."""

    plan: MakingPlan
    folder: Path
    landmarker: str
    head: LandmarkHead
    head_path: Path
    told: np.ndarray
    labels: Mapping[str, np.ndarray]
    carried: SliderMap | None = None

    def make(
        self,
        faces: list[RealFace],
        experts: Mapping[str, RenderedExpert],
        rendered: Mapping[str, int],
    ) -> Iterator[str]:
        """Fits, measures and writes every route; yields lines of progress."""
        plan = self.plan
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.head_path.resolve() != (self.folder / "head.npz").resolve():
            shutil.copyfile(self.head_path, self.folder / "head.npz")
        unseen = self._unseen(faces)
        for route in plan.routes:
            expert = experts[route] if self.landmarker == "face_mesh" else None
            model = experts[route].network
            calibration = self._calibration(faces, unseen[route]) if route in unseen else None
            spread = np.zeros(len(self.told))
            fitted = self._photograph_map(route, faces)
            if fitted is not None:
                spread = fitted.spread
                model = linear_network(fitted.moments, fitted.coefficients)
                save_moments(fitted.moments, self.folder, route)
            if expert is not None:
                model = join_experts(model, expert.network)
            card = self._card(route, faces, spread, calibration)
            if expert is not None:
                card |= rendered_part(self.head, expert, rendered, card)
                if plan.by_shape:
                    card["recipe"]["by_shape"] = True
            if self.carried is not None and plan.transfer is not None:
                card |= transferred_part(plan.transfer, route, card)
            save_network(model, self.folder, route)
            write_card(card, self.folder)
            yield from self._figures(route, card)

    def _photograph_map(self, route: str, faces: list[RealFace]) -> PhotographMap | None:
        recipe = self.plan.recipe
        if faces:
            return fit_to_photos(route, faces, self.labels, recipe, self.landmarker)
        if self.carried is None or self.plan.transfer is None:
            return None
        return transferred_map(self.plan.transfer, route, self.carried, recipe, self.landmarker)

    def make_fit(self, faces: list[RealFace]) -> Iterator[str]:
        """Learns, measures and writes the rig fit; yields lines of progress."""
        fold = self._fold(faces)
        unseen = UnseenFit(faces, fold)
        calibration = self._calibration(faces, unseen) if fold else None
        told = calibration.told if calibration else self.told
        card = self._card(FIT, faces, np.zeros(len(told)), calibration)
        del card["recipe"]
        RigFit.from_people(faces, self.head, told).save(self.folder / "fit.npz")
        write_card(card, self.folder)
        yield from self._figures(FIT, card)

    def _card(
        self,
        route: str,
        faces: list[RealFace],
        spread: np.ndarray,
        calibration: Calibration | None,
    ) -> dict[str, Any]:
        agreements = {}
        if calibration:
            proportions = head_proportions(self.head, calibration.values)
            agreements = agreements_of(proportions, faces)
        return make_card(
            route,
            self.landmarker,
            self.head,
            self.told,
            calibration.told if calibration else self.told,
            spread,
            self.plan.recipe,
            describe_photos(faces, _photo_sources()),
            agreements,
            calibration,
        )

    def _fold(self, faces: list[RealFace]) -> dict[str, int]:
        """Which fold tests each person; empty where there is no cross-validation."""
        if not self.plan.folds or len({face.person for face in faces}) < self.plan.folds:
            return {}
        return folds_over_people(faces, self.plan.folds)

    def _unseen(self, faces: list[RealFace]) -> dict[str, UnseenOutputs]:
        fold = self._fold(faces)
        if not fold:
            return {}
        return cross_validated_outputs(
            self.plan.routes,
            faces,
            self.head,
            self.told,
            self.plan.recipe,
            fold,
            self.landmarker,
        )

    def _calibration(self, faces: list[RealFace], unseen: UnseenSliders) -> Calibration:
        collections = collections_by_hand(faces)
        truths = np.array([self.labels[face.person][: len(self.told)] for face in faces])
        return calibrate(
            unseen,
            truths,
            [face.person for face in faces],
            np.array([face.collection in collections for face in faces]),
            self.head,
            self.told,
        )

    def _figures(self, route: str, card: Mapping[str, Any]) -> Iterator[str]:
        name = route if self.landmarker == "face_mesh" else f"{route} with {self.landmarker}"
        for photos, result in card["agreement_on_unseen_people"].items():
            yield f"{name}: agreement {result['mean_r']:.3f} on {photos} photos of unseen people."
        for domain, rows in card["coverage"].items():
            for who, figures in rows.items():
                if figures["coverage"] is not None:
                    yield (
                        f"{name}: 90 % intervals hold for {figures['coverage']:.1%} of slider "
                        f"values on {domain} of {figures['people']} unseen {who}."
                    )
        if "held_out_renders" in card:
            mean = card["held_out_renders"]["mean_r2"]
            yield f"{name}: mean R2 {mean:.2f} of told sliders on held-out rendered faces."


def _photo_sources() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[2] / "data" / "photo_sources.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
