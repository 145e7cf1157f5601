"""What is saved opens again, says what was edited, and stays in its folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.head_png import SIZE
from app.person import CombinedFace, Face, PhotoResult
from app.saved_files import file_stem, kinds_for, with_values
from app.service import HeadService
from exports.export_head import head_for_exports
from rig.mhm import read_mhm
from rig.rig import RigError
from tests.app.conftest import MODELS, REAL_FOLDER
from tests.exports.read_glb import open_glb, weights_of
from tests.regression.predictions import SLIDERS, TOLD, make_prediction


def rig_values(service: HeadService, values: np.ndarray) -> np.ndarray:
    return np.array([s.from_unit(v) for s, v in zip(service.sliders, values, strict=True)])


@pytest.fixture(scope="module")
def person(service: HeadService, seen: PhotoResult) -> CombinedFace:
    return service.combine([seen.faces[0], seen.faces[0]], "anna")


@pytest.mark.parametrize("several", [False, True])
def test_every_kind_opens_again_with_the_values(
    service: HeadService, seen: PhotoResult, person: CombinedFace, tmp_path: Path, several: bool
) -> None:
    face: Face = person if several else seen.faces[0]
    paths = service.save(face, None, service.kinds, tmp_path / "new", "anna.jpg")
    stem = "person_anna" if several else "anna"
    assert [path.name for path in paths] == [
        f"{stem}.mhm",
        f"{stem}.json",
        f"{stem}.glb",
        f"{stem}_baked.glb",
        f"{stem}.obj",
        f"{stem}.png",
    ]
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
    values = rig_values(service, face.values)
    np.testing.assert_allclose(read_mhm(paths[0], service.sliders), values, atol=1e-6)
    about = json.loads(paths[1].read_text())
    assert "edited" not in about
    for slider, unit, low in zip(service.sliders, face.values, face.lower, strict=True):
        assert about["sliders"][slider.name]["unit"] == pytest.approx(unit, abs=1e-6)
        assert about["sliders"][slider.name]["low"] == pytest.approx(low, abs=1e-6)
    rig = REAL_FOLDER if REAL_FOLDER.is_dir() else None
    head = head_for_exports(MODELS, rig, service._predictor.head)
    found = weights_of(open_glb(paths[2]))
    for name, weight in head.weights(values).items():
        assert found[name] == pytest.approx(weight, abs=1e-6)
    assert open_glb(paths[3]).meshes
    assert paths[4].read_text().count("\nv ") > 400
    with Image.open(paths[5]) as picture:
        assert (picture.format, picture.size) == ("PNG", SIZE)


def test_files_say_what_was_set_by_hand(
    service: HeadService, seen: PhotoResult, person: CombinedFace, tmp_path: Path
) -> None:
    for face in (seen.faces[0], person):
        values = face.values.copy()
        index = int(np.flatnonzero(face.told)[0])
        values[index] = 1 - np.round(values[index])
        name = service.sliders[index].name
        mhm, text, glb, plain = service.save(
            face, values, ("mhm", "json", "glb", "png"), tmp_path, "anna"
        )
        about = json.loads(text.read_text())
        assert about["edited"] == [name]
        assert about["sliders"][name] == {
            "unit": values[index],
            "rig": pytest.approx(service.sliders[index].from_unit(values[index]), abs=1e-6),
            "low": 0,
            "high": 1,
            "told": False,
        }
        assert f"# Set by hand: {name}\n" in mhm.read_text()
        changed = rig_values(service, values)
        np.testing.assert_allclose(read_mhm(mhm, service.sliders), changed, atol=1e-6)
        extras = open_glb(glb).asset.extras
        assert extras["edited"] == [name]
        before = plain.read_bytes()
        (again,) = service.save(face, None, ("png",), tmp_path, "anna")
        assert again == plain
        assert again.read_bytes() != before


def test_only_the_edited_sliders_are_no_longer_told() -> None:
    face = make_prediction(
        "a.jpg",
        lower=np.full(SLIDERS, 0.4, np.float32),
        upper=np.full(SLIDERS, 0.6, np.float32),
    )
    values = face.values.copy()
    values[1] = 0.9
    edited = with_values(face, values)
    np.testing.assert_array_equal(edited.values, values)
    np.testing.assert_array_equal(edited.told, TOLD & (np.arange(SLIDERS) != 1))
    np.testing.assert_allclose(edited.lower, [0.4, 0, 0.4, 0.4, 0.4, 0.4])
    np.testing.assert_allclose(edited.upper, [0.6, 1, 0.6, 0.6, 0.6, 0.6])
    for wrong in (values[:-1], values + 1, values * np.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            with_values(face, wrong)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("anna.jpg", "anna"),
        ("anna", "anna"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\secret.png", "secret"),
        ("..", "face"),
        (".jpg", "jpg"),
        ("", "face"),
        ("a/b\0c.png", "b_c"),
        ("Zoë, im Wald (2).jpeg", "Zoë_im_Wald_2"),
        ("<img src=x>.png", "img_src_x"),
        ("con" * 100 + ".jpg", ("con" * 100)[:80]),
    ],
)
def test_any_name_makes_a_plain_file_name(name: str, stem: str) -> None:
    assert file_stem(name) == stem


def test_nothing_is_written_outside_of_the_folder(
    service: HeadService, seen: PhotoResult, person: CombinedFace, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    for face in (seen.faces[0], person):
        for name in ("../outside.jpg", "/tmp/../../x", "..", "a\0b"):
            for path in service.save(face, None, ("json", "png"), inside, name):
                assert path.resolve().parent == inside.resolve()
    assert list(tmp_path.iterdir()) == [inside]
    assert not list(inside.glob("*.partial"))


def test_no_file_has_the_encoding(service: HeadService, seen: PhotoResult, tmp_path: Path) -> None:
    face = seen.faces[0]
    assert face.encoding is not None
    for path in service.save(face, None, ("mhm", "json", "glb", "png"), tmp_path, "anna"):
        content = path.read_bytes()
        assert face.encoding.tobytes()[:32] not in content
        assert sum(f"{abs(x):.4f}".encode() in content for x in face.encoding.tolist()) < 64


def test_kinds_that_cannot_be_are_refused(
    service: HeadService, seen: PhotoResult, tmp_path: Path
) -> None:
    assert "mhm" not in kinds_for("stranger")
    with pytest.raises(ValueError, match="of kind zip"):
        service.save(seen.faces[0], None, ("json", "zip"), tmp_path / "none", "a")
    with pytest.raises(RigError, match="MakeHuman's own"):
        service.save(make_prediction("a.jpg"), None, ("mhm",), tmp_path / "none", "a")
    assert not (tmp_path / "none").exists()
