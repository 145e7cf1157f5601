"""Everything the page asks for: loads the networks and the head once, and serves many users."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from app.head_figure import figure_head, head_figure, rig_units
from app.head_png import HeadPainter, png_bytes
from app.person import (
    AnyFace,
    CombinedFace,
    Face,
    PhotoResult,
    by_route,
    combine_faces,
    quality_warnings,
)
from app.saved_files import kinds_for, save_files
from exports.export_head import ExportHead, head_for_exports
from exports.overlay import draw_overlay
from exports.shown_head import shown_head_or_face
from regression.models.model_files import load_model
from regression.prediction.grouping import group_by_person
from regression.prediction.prediction import Prediction
from regression.prediction.predictor import Predictor
from rig.fetch import rig_folder_if_there
from vision.photos import Photo, PhotoError, read_photo

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROUTES = ("fused", "landmarks", "encoding")
"""In the order in which they are offered."""

PICTURE_SIDE = 1024
"""Pictures of what was seen have at most so many pixels across and down."""


class HeadService:
    """Reads photos, shapes and draws heads, writes files. May be called by several threads.

    Args:
        models: a folder of trained models; None for those that come with the program.
        rig: MakeHuman's data folder; None for the one of FPP_RIG or the one fetched.
        encoder: the engine of the encodings, see vision.encodings.
        rendered: whether the pictures are of rendered heads, not photographs of people.

    Attributes:
        routes: ROUTES.
        sliders: the rig's, in the order of every (s,) array.
        average: (s,) float32, 0..1, the average person by the route "fused".
        rig_name, licence: of the rig.
        kinds: what `save` can write, as `app.saved_files.kinds_for` gives it.
        note: why the face mesh is shown and not the head, a sentence; "" where it is the head.

    Raises:
        ModelError: the models folder cannot be used.
        RigError: the rig is named and not there.
    """

    def __init__(
        self,
        models: Path | None = None,
        rig: Path | None = None,
        encoder: str = "litert",
        rendered: bool = False,
    ) -> None:
        rig_folder_if_there(rig)
        self._predictor = Predictor(
            models, ROUTES[0], encoder, rendered, with_encodings=True, also=ROUTES[1:]
        )
        self._reading = threading.Lock()
        self._rig = rig
        folder, head = self._predictor.folder, self._predictor.head
        trained = {route: load_model(folder, route) for route in ROUTES}
        self._intervals = {
            route: model.rendered_intervals if rendered else model.intervals
            for route, model in trained.items()
        }
        self.routes = ROUTES
        self.sliders = head.sliders
        self.average = self._predictor.average
        self.rig_name, self.licence = head.rig, head.licence
        self.kinds = kinds_for(head.rig)
        shown = shown_head_or_face(folder, rig, head)
        self.note = shown.note
        self._figure_head = figure_head(shown, head.sliders)
        self._painter = HeadPainter(folder, rig, head)
        self._export_head: ExportHead | None = None
        self._exporting = threading.Lock()

    def read(self, path: Path, name: str) -> PhotoResult:
        """What is on a photo. Never an error of the photo: that is `problem` of the result.

        name: what the user calls the photo; predictions and files have it in place of the path.
        """
        try:
            photo = read_photo(path, maximum_side=PICTURE_SIDE)
        except PhotoError as error:
            return PhotoResult(name, None, problem=str(error).replace(str(path), name))
        with self._reading:
            (found,) = self._predictor.predict_each([path])
        faces = tuple(replace(face, photo=Path(name)) for face in found.faces)
        picture = _picture(photo, faces)
        if not faces:
            problem = (
                f"No face was found in {name}. A face seen from the front was expected, larger "
                "than about a twentieth of the picture's height. Choose another photo."
            )
            return PhotoResult(name, picture, problem=problem)
        self._painter.start()  # so that it is ready when somebody saves a picture
        return PhotoResult(name, picture, faces, tuple(quality_warnings(f.quality) for f in faces))

    def route(self, face: AnyFace, route: str) -> AnyFace:
        """The same face as another of `routes` says. Raises ValueError for any other."""
        return by_route(face, route)

    def combine(self, faces: Sequence[Prediction], name: str = "person") -> CombinedFace:
        """One person by several photos, as all routes say; that of the first face goes first.

        Raises ValueError for no faces.
        """
        return combine_faces(faces, self._intervals, name)

    def same_person(self, faces: Sequence[Prediction]) -> str:
        """A sentence of warning where the faces look like different people's; else ""."""
        # Photos may be called the same, as those of a webcam.
        apart = [replace(face, photo=Path(str(index))) for index, face in enumerate(faces)]
        count = len(group_by_person(apart))
        if count <= 1:
            return ""
        return (
            f"These faces look like those of {count} different people. Combining is meant for "
            "photos of one: leave out those of others."
        )

    def figure(
        self,
        heads: Sequence[tuple[str, np.ndarray]],
        yaw: float = 0.0,
        pitch: float = 0.0,
        roll: float = 0.0,
        dark: bool | None = None,
        view: str = "",
    ) -> Figure:
        """One to three heads side by side, to be turned by mouse or finger.

        heads: titles, and slider values (s,), 0..1.
        yaw, pitch, roll: degrees, as in rig.camera.Camera; 0, 0, 0 is from the front.
        dark: whether the page is; None for titles that read on both.
        view: another text puts heads back that the user turned; so does another pose, or another
            number of heads.

        Raises ValueError for no heads or too many, or values that are none.
        """
        return head_figure(self._figure_head, heads, (yaw, pitch, roll), dark, view)

    def png(
        self, values: np.ndarray, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
    ) -> bytes:
        """A picture of the head as a PNG file. values: (s,), 0..1; angles as in `figure`."""
        return png_bytes(self._painter.draw(rig_units(self.sliders, values), yaw, pitch, roll))

    def save(
        self,
        face: Face,
        values: np.ndarray | None,
        kinds: Collection[str],
        folder: Path,
        name: str,
    ) -> list[Path]:
        """Writes files of a face and returns their paths, in the order of `kinds`.

        values: (s,), 0..1, as edited by hand; None for the face's own. Files say what was edited.
        kinds: some of self.kinds; "png" shows the head as the face is turned.
        folder: is made where it does not exist.
        name: of the photo or the person, any text.

        Raises RigError or ValueError for kinds that cannot be written, OSError.
        """
        return save_files(
            folder,
            face,
            values,
            kinds,
            name,
            self.sliders,
            self.licence,
            self._load_export_head,
            lambda shape: self.png(shape, face.yaw, face.pitch, face.roll),
        )

    def close(self) -> None:
        """Ends the process that draws. May be called twice."""
        self._painter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load_export_head(self) -> ExportHead:
        with self._exporting:
            if self._export_head is None:
                predictor = self._predictor
                self._export_head = head_for_exports(predictor.folder, self._rig, predictor.head)
            return self._export_head


def _picture(photo: Photo, faces: Sequence[Prediction]) -> np.ndarray:
    """The photo with what was seen, (height, width, 3) uint8 RGB."""
    return draw_overlay(photo.pixels, faces, photo.scale) if faces else photo.pixels
