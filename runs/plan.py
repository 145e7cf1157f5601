"""What a run makes of its photos: the one record that every process of it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exports.export_head import ExportHead
    from regression.models.fitted_model import FittedModel
    from regression.models.model_files import TrainedModel
    from regression.prediction.predictor import Predictor

Setting = str | bool | list[str]


@dataclass(frozen=True)
class RunPlan:
    """How to predict photos and what to write of each.

    Attributes:
        out: the folder of results.
        models, model, encoder, rendered, landmarker: as `regression.Predictor` takes them.
        quick: one look at each photo instead of two, of which the second is in the mirror.
        kinds: of character files, see `exports.character_files.KINDS`.
        overlay: whether a picture of what was seen is written for each photo.
        rig: MakeHuman's data folder, for kinds that show a head.
    """

    out: Path
    models: Path | None = None
    model: str = "fused"
    encoder: str = "litert"
    rendered: bool = False
    landmarker: Path | None = None
    quick: bool = False
    kinds: tuple[str, ...] = ()
    overlay: bool = True
    rig: Path | None = None

    @property
    def models_folder(self) -> Path:
        """Where the models are: without a landmarker file, or for it."""
        from regression.models.model_files import folder_for

        folder = self._folder
        return folder if self.landmarker is None else folder_for(folder, "face_landmarker")

    @property
    def _folder(self) -> Path:
        """The models folder as a whole."""
        from regression.models.model_files import shipped_models

        return self.models or shipped_models()

    def open_predictor(self, with_encodings: bool = False, also: Sequence[str] = ()) -> Predictor:
        """Load every network. Raises what Predictor does."""
        from regression import Predictor

        return Predictor(
            self.models,
            model=self.model,
            encoder=self.encoder,
            rendered=self.rendered,
            with_encodings=with_encodings,
            landmarker=self.landmarker,
            quick=self.quick,
            also=also,
        )

    def open_model(self) -> TrainedModel | FittedModel:
        """The model alone, without the networks that look at photos. Raises ModelError."""
        from regression.models.fitted_model import load_fit
        from regression.models.model_files import load_model

        folder = self.models_folder
        return load_fit(folder) if self.model == "fit" else load_model(folder, self.model)

    def open_export_head(self) -> ExportHead | None:
        """The head that the kinds show; None where none of them shows one. Raises RigError."""
        from exports.character_files import HEAD_KINDS
        from exports.export_head import head_for_exports

        if not set(self.kinds) & set(HEAD_KINDS):
            return None
        return head_for_exports(self._folder, self.rig, self.open_model().head)

    def shows_face_mesh(self) -> bool:
        """Whether files are asked for that show a head, and the rig's own is not here."""
        return self._head() == "face mesh"

    def settings(self) -> dict[str, Setting]:
        """All that changes what is written of a photo, for JSON; models and files by SHA-256.

        Results of runs with equal settings belong together. `out` is not among them.
        """
        from importlib.metadata import version

        names = ["head.npz", f"{self.model}.json"]
        names.append("fit.npz" if self.model == "fit" else f"{self.model}.tflite")
        files = [self.models_folder / name for name in names]
        return {
            "program": version("face-parameters-predictor"),
            "model": self.model,
            "model_files": [f"{path.name} {_sha256(path)}" for path in files],
            "landmarker": _sha256(self.landmarker) if self.landmarker is not None else "",
            "encoder": self.encoder,
            "rendered": self.rendered,
            "quick": self.quick,
            "kinds": sorted(self.kinds),
            "overlay": self.overlay,
            "head": self._head(),
        }

    def _head(self) -> str:
        """Which head the files show; empty where none does."""
        from exports.character_files import HEAD_KINDS
        from exports.export_head import HEAD_FILE
        from exports.morph_targets import MAKEHUMAN
        from rig.fetch import rig_folder_if_there

        if not set(self.kinds) & set(HEAD_KINDS):
            return ""
        own = self._folder / HEAD_FILE
        if own.is_file():
            return _sha256(own)
        is_makehuman = self.open_model().head.rig == MAKEHUMAN
        folder = rig_folder_if_there(self.rig) if is_makehuman else None
        return "face mesh" if folder is None else str(folder.resolve())


def _sha256(path: Path) -> str:
    """In hexadecimal; "missing" where there is no such file."""
    from regression.models.fingerprints import fingerprint

    return fingerprint(path.read_bytes()) if path.is_file() else "missing"
