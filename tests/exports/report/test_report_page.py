"""A report is one file that holds what was predicted, fetches nothing, and lets nobody in."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from exports.report.report_page import ReportWriter
from regression.prediction.prediction import Failure, Prediction
from rig.landmark_head import LandmarkHead
from tests.exports.report.made_faces import NOTE, landmark_head, made_face, made_photo, shown_face
from tests.exports.report.read_report import read_report

HOSTILE = (
    "</script><script>alert(1)</script>.jpg",
    "<!--<script>.jpg",
    "a\"b'c&amp;<img src=x onerror=alert(1)>.jpg",
    "line\u2028end\n{{scripts}}.jpg",
)


@pytest.fixture(scope="module")
def head() -> LandmarkHead:
    return landmark_head()


@pytest.fixture
def writer(head: LandmarkHead, tmp_path: Path) -> Callable[..., ReportWriter]:
    def open_writer(title: str = "Faces") -> ReportWriter:
        average = np.full(len(head.sliders), 0.5)
        return ReportWriter(
            tmp_path / "report.html", head.sliders, shown_face(head), average, title
        )

    return open_writer


def add(writer: ReportWriter, *faces: Prediction) -> None:
    writer.add(faces[0].photo, made_photo(), 1.0, faces)


def test_what_was_predicted_is_in_it(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    first, second = made_face(head, 1), made_face(head, 2)
    photo = first.photo
    group = [first, replace(second, photo=photo, face_number=2)]
    lost = Failure(Path("wall.jpg"), "No face was found in wall.jpg.")
    with writer() as report:
        report.add(photo, made_photo(), 1.0, group)
        report.add(lost.photo, None, 1.0, (), [lost])
        assert not (tmp_path / "report.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

    read = read_report(tmp_path / "report.html")
    (shared,) = read.blocks["shared"]
    assert [one["name"] for one in shared["sliders"]] == list(head.slider_names)
    assert shared["note"] == NOTE
    faces = read.blocks["face"]
    assert [(one["photo"], one["number"], one["of"]) for one in faces] == [
        (str(photo), 1, 2),
        (str(photo), 2, 2),
    ]
    assert [bool(one["warnings"]) for one in faces] == [False, True]
    for one, prediction in zip(faces, group, strict=True):
        assert [route["model"] for route in one["routes"]] == ["fused", "encoding", "landmarks"]
        for route, expected in zip(one["routes"], [prediction, *prediction.others], strict=True):
            assert np.allclose(route["values"], expected.values, atol=1e-6)
            assert np.allclose(route["lower"], expected.lower, atol=1e-4)
            assert np.allclose(route["upper"], expected.upper, atol=1e-4)
            assert [letter == "1" for letter in route["told"]] == expected.told.tolist()
    assert read.blocks["failure"] == [{"photo": "wall.jpg", "reason": lost.reason}]


def test_pictures_are_small_and_curves_lie_on_them(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    face = made_face(head)
    large = made_photo(height=2500, width=2000)
    with writer() as report:
        # Decoded at half the photo's size: 1 pixel is 2 of the photo.
        moved = replace(
            face, landmarks=face.landmarks * 10, box=tuple(10 * side for side in face.box)
        )
        report.add(face.photo, large, 2.0, [moved])
    read = read_report(tmp_path / "report.html")
    content = base64.b64decode(read.pictures["picture-0"])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    about = read.blocks["face"][0]["picture"]
    assert picture.shape[:2] == (about["height"], about["width"])
    assert max(picture.shape) <= 640
    points = np.concatenate([np.reshape(one["points"], (-1, 2)) for one in about["curves"]])
    assert (points >= 0).all()
    assert (points <= (about["width"], about["height"])).all()
    # The face is as high in the picture as heads are drawn.
    assert 0.4 < np.ptp(points[:, 1]) / about["height"] < 0.7


def test_a_face_at_the_edge_of_its_photo_is_shown(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    face = made_face(head)
    shift = np.float32([330, -250, 0])
    box = (face.box[0] + 330, face.box[1] - 250, face.box[2] + 330, face.box[3] - 250)
    with writer() as report:
        add(report, replace(face, landmarks=face.landmarks + shift, box=box))
        report.add(face.photo, made_photo(height=1, width=1), 500.0, [face])
    assert len(read_report(tmp_path / "report.html").pictures) == 2


def test_names_of_photos_are_text_and_nothing_else(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    with writer() as report:
        add(report, made_face(head))
    plain = read_report(tmp_path / "report.html")
    with writer("<script>alert(2)</script>") as report:
        for name in HOSTILE:
            add(report, made_face(head, photo=Path(name)))
            report.add(Path(name), None, 1.0, (), [Failure(Path(name), f"No face in {name}.")])
    read = read_report(tmp_path / "report.html")
    assert [one["photo"] for one in read.blocks["face"]] == list(HOSTILE)
    assert [one["photo"] for one in read.blocks["failure"]] == list(HOSTILE)
    assert read.scripts == plain.scripts


def test_a_name_that_is_no_utf8_is_shown(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    with writer() as report:
        add(report, made_face(head, photo=Path(name)))
        report.add(Path(name), None, 1.0, (), [Failure(Path(name), f"No face in {name}.")])
    assert read_report(tmp_path / "report.html").blocks["face"][0]["photo"] == "caf\\xe9.jpg"


def test_nothing_is_fetched(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    with writer() as report:
        add(report, made_face(head))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert read_report(tmp_path / "report.html").addresses == []
    assert "default-src 'none'" in text
    # What plotly.js could ask for is behind that policy; the page's own part names no address.
    own = text[: text.index("plotly.js v")] + text[text.rindex("// What the page's blocks") :]
    assert "https:" not in own
    assert own.count("http:") == own.count("http://www.w3.org/2000/svg")
    assert "url(" not in own


def test_encodings_stay_out(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    face, read = made_face(head), []
    assert face.encoding is not None
    for encoding in (face.encoding, face.encoding + 1, None):
        with writer() as report:
            add(report, replace(face, encoding=encoding))
        read.append(read_report(tmp_path / "report.html"))
    assert read[0].blocks["face"] == read[1].blocks["face"] == read[2].blocks["face"]
    assert read[0].pictures == read[1].pictures == read[2].pictures


def test_what_was_added_before_an_error_is_kept(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    def stopped() -> None:
        with writer() as report:
            add(report, made_face(head))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert len(read_report(tmp_path / "report.html").blocks["face"]) == 1


def test_an_empty_report_is_a_page(writer: Callable[..., ReportWriter], tmp_path: Path) -> None:
    with writer() as report:
        report.close()
    read = read_report(tmp_path / "report.html")
    assert "face" not in read.blocks
    assert read.scripts > 3


def test_what_does_not_belong_is_refused(
    head: LandmarkHead, writer: Callable[..., ReportWriter], tmp_path: Path
) -> None:
    with writer() as report, pytest.raises(ValueError, match="other.jpg"):
        report.add(Path("other.jpg"), None, 1.0, [made_face(head)])
    with pytest.raises(ValueError, match="average"):
        ReportWriter(tmp_path / "b.html", head.sliders, shown_face(head), np.zeros(3))
