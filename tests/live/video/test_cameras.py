"""The list of cameras, from a folder as Linux keeps it."""

from __future__ import annotations

from pathlib import Path

from live.video.cameras import Camera, list_cameras


def node(folder: Path, number: int, name: str | None, index: int | None) -> None:
    made = folder / f"video{number}"
    made.mkdir(parents=True)
    if name is not None:
        (made / "name").write_text(name)
    if index is not None:
        (made / "index").write_text(f"{index}\n")


def test_a_camera_that_does_not_open_is_listed_once(tmp_path: Path) -> None:
    node(tmp_path, 98, "Integrated  Camera: Int\n", 0)
    node(tmp_path, 99, "Integrated  Camera: Int\n", 1)  # the same camera's node for other data
    node(tmp_path, 97, None, None)
    (tmp_path / "v4l-subdev0").mkdir()
    assert list_cameras(tmp_path) == [
        Camera(97, "camera 97", "/dev/video97", None, None, None),
        Camera(98, "Integrated Camera: Int", "/dev/video98", None, None, None),
    ]


def test_cameras_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (80, 9, 77, 10):
        node(tmp_path, number, f"number {number}", 0)
    assert [camera.index for camera in list_cameras(tmp_path)] == [9, 10, 77, 80]


def test_a_computer_without_cameras_has_none(tmp_path: Path) -> None:
    assert list_cameras(tmp_path) == []
    assert list_cameras(tmp_path / "missing") == []
