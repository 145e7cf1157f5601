"""From tables and photos to a models folder: train, measure, write the networks and their cards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from regression.agreement import Agreement, agreements_of, head_proportions
from regression.linear import join_experts
from regression.model_card import describe_photos, make_card, write_card
from regression.model_files import save_network, shipped_models
from regression.real_photos import RealFace, read_photo_folder
from regression.recipe import (
    Recipe,
    cross_validated_sliders,
    explained_variance,
    fit_to_photos,
    folds_over_people,
    label_faces,
    told_sliders,
    train_on_renders,
)
from regression.tables import examples_from_table, read_table
from regression.training import predict_values
from rig.landmark_head import LandmarkHead, load_landmark_head


@dataclass(frozen=True)
class MakingPlan:
    """What to train.

    Attributes:
        out: models folder to write.
        routes: some of vision.features.ROUTES.
        data: folder with train/faces.parquet and test/faces.parquet.
        photos: folder of real photos (regression.real_photos), or None.
        collections: the folders of `photos` to use; empty for all.
        head: landmark head file, or None for the shipped one.
        folds: of the cross-validation over people with hand-placed points; 0 for none.
        epochs: instead of the recipe's, or None.
    """

    out: Path
    routes: tuple[str, ...]
    data: Path
    photos: Path | None
    collections: tuple[str, ...]
    head: Path | None
    folds: int
    epochs: int | None

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
        TableError, RigError: a table or the landmark head cannot be used.
    """
    recipe = plan.recipe
    head_path = plan.head or shipped_models() / "head.npz"
    head = load_landmark_head(head_path)
    table = read_table(plan.data / "train" / "faces.parquet")
    test_table = read_table(plan.data / "test" / "faces.parquet")
    faces: list[RealFace] = []
    if plan.photos is not None:
        faces = read_photo_folder(plan.photos, plan.collections)
        yield f"{len(faces)} photos of {len({face.person for face in faces})} people were read."
    sources_path = Path(__file__).resolve().parent.parent / "data" / "photo_sources.json"
    sources = json.loads(sources_path.read_text(encoding="utf-8")) if sources_path.exists() else {}
    plan.out.mkdir(parents=True, exist_ok=True)
    if head_path.resolve() != (plan.out / "head.npz").resolve():
        shutil.copyfile(head_path, plan.out / "head.npz")

    lines: list[str] = []
    networks, r2 = {}, {}
    # The fused route sees the most: what it cannot tell, no route can.
    for route in dict.fromkeys((*plan.routes, "fused")):
        rendered = examples_from_table(table, route, head.slider_names)
        networks[route], r2[route] = train_on_renders(route, rendered, recipe, lines.append)
        yield lines[-1]
    told = told_sliders(r2["fused"], head.slider_names)
    yield f"{told.sum()} of {len(told)} sliders can be told from rendered faces."
    labels = label_faces(faces, head, told)
    agreements = _cross_validated_agreements(plan, faces, head, told)
    for route in plan.routes:
        rendered_network = networks[route]
        model = join_experts(
            fit_to_photos(route, faces, labels, recipe) if faces else rendered_network,
            rendered_network,
        )
        test = examples_from_table(test_table, route, head.slider_names)
        predicted = predict_values(rendered_network, test.features)
        test_r2 = explained_variance(predicted, test.sliders)
        card = make_card(
            route,
            head,
            told,
            recipe,
            len(table),
            len(test),
            test_r2,
            np.abs(predicted - test.sliders).mean(axis=0),
            np.abs(table[list(head.slider_names)].to_numpy().mean(axis=0) - test.sliders).mean(
                axis=0
            ),
            describe_photos(faces, sources),
            agreements[route],
        )
        save_network(model, plan.out, route)
        write_card(card, plan.out)
        for name, result in agreements[route].items():
            yield f"{route}: agreement {result.mean:.3f} on {name} photos of unseen people."
        mean_r2 = test_r2[told].mean()
        yield f"{route}: mean R2 {mean_r2:.2f} of told sliders on held-out rendered faces."
    yield f"Written to {plan.out}."


def _cross_validated_agreements(
    plan: MakingPlan, faces: Sequence[RealFace], head: LandmarkHead, told: np.ndarray
) -> dict[str, dict[str, Agreement]]:
    fold = folds_over_people(faces, plan.folds) if plan.folds else {}
    if not fold:
        return {route: {} for route in plan.routes}
    values = cross_validated_sliders(plan.routes, faces, head, told, plan.recipe, fold)
    return {
        route: agreements_of(head_proportions(head, values[route]), faces) for route in plan.routes
    }
