"""Heads are drawn beside the work: turned and shaped as asked, the newest first, and no process
is left behind."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exports.shown_head import face_alone, shown_head
from live.head.head_drawer import HeadDrawer
from live.head.head_pictures import BACKGROUND, open_pictures
from rig.correspondence import Correspondence
from rig.landmark_head import LandmarkHead, load_landmark_head
from rig.makehuman import load_makehuman
from rig.painter import paint_mesh
from rig.prepared_rig import PreparedRig, save_prepared
from rig.render import Light
from rig.rig import RigError
from tests.rig.tiny_rig import write_tiny_makehuman

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "models"
REAL_FOLDER = ROOT / ".." / "shared" / "rigs" / "makehuman" / "data"
_NUMBERS = itertools.count()
PATIENCE = 60.0  # seconds, for a machine that does much else


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_makehuman(tmp_path_factory.mktemp("rig") / "data")


@pytest.fixture(scope="module")
def head(tiny_folder: Path) -> LandmarkHead:
    """MakeHuman's landmarks, with the sliders that the tiny rig has too."""
    whole = load_landmark_head(MODELS / "head.npz")
    there = set(load_makehuman(tiny_folder).slider_names)
    return whole.with_sliders(np.array([name in there for name in whole.slider_names]))


@pytest.fixture(scope="module")
def neutral(head: LandmarkHead) -> np.ndarray:
    return np.zeros(len(head.sliders), np.float32)


@pytest.fixture(scope="module")
def shared_drawer(tiny_folder: Path, head: LandmarkHead) -> Iterator[HeadDrawer]:
    with HeadDrawer(MODELS, tiny_folder, head, (320, 240)) as drawer:
        yield drawer


@pytest.fixture
def drawer(shared_drawer: HeadDrawer, neutral: np.ndarray) -> HeadDrawer:
    """A drawer that has drawn, and has nothing to do."""
    picture(shared_drawer, [neutral + 0.5], 3.0 + next(_NUMBERS) % 50)
    return shared_drawer


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def picture(
    drawer: HeadDrawer, heads: list[np.ndarray], yaw: float = 0.0, pitch: float = 0.0
) -> np.ndarray:
    """The picture of a request that differs from the last one."""
    before = drawer.drawn
    drawer.ask(heads, yaw, pitch, 0.0)
    wait_for(lambda: drawer.drawn > before and drawer.is_idle)
    found = drawer.picture
    assert found is not None
    return found.astype(int)


def on_head(drawn: np.ndarray) -> np.ndarray:
    return np.asarray((np.abs(drawn - BACKGROUND) > 12).any(axis=-1))


def lips(drawn: np.ndarray) -> tuple[float, float]:
    """The column and row of the lips' middle: they are redder than skin in any light."""
    red = on_head(drawn) & (drawn[..., 0] > 60) & (drawn[..., 1] < 0.62 * drawn[..., 0])
    red[drawn.shape[0] * 84 // 100 :] = False
    assert red.sum() > 5
    rows, columns = np.nonzero(red)
    return float(np.median(columns)), float(np.median(rows))


def test_the_head_is_drawn_and_turns_to_the_side_of_its_yaw(
    drawer: HeadDrawer, neutral: np.ndarray
) -> None:
    ahead, right, left = (picture(drawer, [neutral], yaw) for yaw in (0.0, 25.0, -25.0))
    assert ahead.shape == (240, 320, 3)
    for drawn in (ahead, right, left):
        assert 0.1 < on_head(drawn).mean() < 0.8
        np.testing.assert_array_equal(drawn[0, 0], BACKGROUND)
    assert lips(left)[0] < lips(ahead)[0] - 5 < lips(right)[0] - 10


def test_lifting_the_chin_moves_the_lips_up(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    down, up = (picture(drawer, [neutral], 0, pitch) for pitch in (-15.0, 15.0))
    assert lips(up)[1] < lips(down)[1] - 5


def test_other_slider_values_give_another_picture(
    drawer: HeadDrawer, head: LandmarkHead, neutral: np.ndarray
) -> None:
    wide = head.slider_names.index("head/head-scale-horiz-decr|incr")
    areas = []
    for value in (-1.0, 0.0, 1.0):
        values = neutral.copy()
        values[wide] = value
        areas.append(on_head(picture(drawer, [values])).sum())
    assert areas[0] < 0.98 * areas[1] < 0.98 * 0.98 * areas[2]


def test_two_heads_stand_side_by_side(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    same = picture(drawer, [neutral, neutral])
    np.testing.assert_array_equal(same[:, :160], same[:, 160:])
    other = picture(drawer, [neutral, neutral + 0.8])
    np.testing.assert_array_equal(same[:, :160], other[:, :160])
    assert (same[:, 160:] != other[:, 160:]).any()


def test_the_same_request_draws_nothing_new(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    picture(drawer, [neutral], 10.0)
    before = drawer.drawn
    for step in range(5):
        drawer.ask([neutral + 0.0008], 10.0 + 0.04 * step, 0.0, 0.0)
    picture(drawer, [neutral], 12.0)
    assert drawer.drawn == before + 1


def test_small_steps_add_up(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    picture(drawer, [neutral], 0.0)
    before = drawer.drawn
    for step in range(1, 11):
        drawer.ask([neutral], 0.1 * step, 0.0, 0.0)
    wait_for(lambda: drawer.drawn > before)


def test_the_newest_request_wins(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    wanted = picture(drawer, [neutral], -20.0)
    picture(drawer, [neutral], 20.0)
    before = drawer.drawn
    for yaw in [*range(-19, 20), -20.0]:
        drawer.ask([neutral], yaw, 0.0, 0.0)
    wait_for(lambda: drawer.picture is not None and (drawer.picture == wanted).all())
    assert drawer.drawn - before < 40


def test_requests_that_make_no_sense_are_refused(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    for heads in ([], [neutral] * 3, [neutral[:-1]], [neutral * np.nan]):
        with pytest.raises(ValueError, match="One or two heads"):
            drawer.ask(heads, 0, 0, 0)
    with pytest.raises(ValueError, match="finite angles"):
        drawer.ask([neutral], np.inf, 0, 0)


def test_a_killed_process_leaves_the_painter_and_a_note(
    head: LandmarkHead, tiny_folder: Path, neutral: np.ndarray
) -> None:
    with HeadDrawer(MODELS, tiny_folder, head, (320, 240)) as drawer:
        picture(drawer, [neutral])
        killed = drawer.process_id
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        left, right = (picture(drawer, [neutral], yaw) for yaw in (-25.0, 25.0))
        assert "face mesh" in drawer.note
        assert "signal 9" in drawer.note
        assert drawer.process_id is None
        assert lips(left)[0] < lips(right)[0] - 10


def test_ctrl_c_is_left_to_the_caller(drawer: HeadDrawer, neutral: np.ndarray) -> None:
    process = drawer.process_id
    assert process is not None
    os.kill(process, signal.SIGINT)
    picture(drawer, [neutral], -9.0)
    assert drawer.process_id == process


def test_closing_ends_the_process_and_keeps_the_picture(
    head: LandmarkHead, tiny_folder: Path, neutral: np.ndarray
) -> None:
    drawer = HeadDrawer(MODELS, tiny_folder, head, (64, 48))
    process = drawer.process_id
    assert process is not None
    picture(drawer, [neutral])
    drawer.close()
    drawer.close()
    with pytest.raises(ProcessLookupError):  # not even as a zombie
        os.kill(process, 0)
    assert drawer.picture is not None
    assert drawer.note == "" or "face mesh" in drawer.note


_PARENT = """
import sys, time
from pathlib import Path
from live.head.head_drawer import HeadDrawer
from rig.landmark_head import load_landmark_head
if __name__ == "__main__":
    head = load_landmark_head(Path(sys.argv[1]) / "head.npz")
    drawer = HeadDrawer(Path(sys.argv[1]), None, head, (64, 48))
    if sys.argv[2] == "drawn":
        drawer.ask([[0.0] * len(head.sliders)], 0, 0, 0)
        while drawer.picture is None:
            time.sleep(0.01)
    print(drawer.process_id, flush=True)
    time.sleep(100)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("when", ["drawn", "loading"])
def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path, when: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    with subprocess.Popen(
        [sys.executable, str(script), str(MODELS), when],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        process = Path("/proc") / parent.stdout.readline().strip()
        parent.kill()
        wait_for(lambda: not process.exists() or ") Z " in (process / "stat").read_text())


def test_without_a_rig_the_face_mesh_is_drawn_and_the_note_says_how_to_get_one(
    head: LandmarkHead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FPP_RIG", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = shown_head(MODELS, None, head)
    assert "fpp rig fetch makehuman" in found.note
    assert len(found.rig.neutral) < 2000
    other = shown_head(MODELS, None, replace(head, rig="stranger"))
    assert "prepared.npz" in other.note


def test_a_prepared_rig_goes_first(head: LandmarkHead, tiny_folder: Path, tmp_path: Path) -> None:
    rig = load_makehuman(tiny_folder)
    # In another order, under names that the program does not know.
    order = np.arange(len(rig.sliders))[::-1]
    stranger = replace(
        rig,
        name="stranger",
        sliders=tuple(replace(rig.sliders[n], name=f"shape_{n}") for n in order),
        negative=rig.negative[order],
        positive=rig.positive[order],
    )
    corners = np.repeat(rig.triangles[:1], 478, axis=0)
    prepared = PreparedRig(
        stranger,
        (),
        np.zeros((0, *rig.neutral.shape), np.float32),
        (),
        Correspondence(corners, np.tile(np.float32([1, 0, 0]), (478, 1))),
        np.eye(4),
    )
    save_prepared(prepared, tmp_path / "rig" / "prepared.npz")
    names = [f"shape_{rig.slider_names.index(name)}" for name in head.slider_names]
    renamed = replace(
        head,
        rig="stranger",
        sliders=tuple(
            replace(slider, name=name) for slider, name in zip(head.sliders, names, strict=True)
        ),
    )
    assert shown_head(tmp_path, None, renamed).rig.name == "stranger"
    values = np.linspace(-1, 1, len(names)).astype(np.float32)
    with (
        HeadDrawer(tmp_path, None, renamed, (160, 120)) as one,
        HeadDrawer(MODELS, tiny_folder, head, (160, 120)) as other,
    ):
        drawn, expected = picture(one, [values], 10.0), picture(other, [values], 10.0)
        assert np.abs(drawn - expected).mean() < 1
        assert one.note == other.note
    with pytest.raises(RigError, match="no slider"):
        shown_head(tmp_path, None, head)


def test_a_rig_that_cannot_be_used_gives_the_face_mesh_and_says_so(
    head: LandmarkHead, tmp_path: Path
) -> None:
    (tmp_path / "rig").mkdir()
    (tmp_path / "rig" / "prepared.npz").write_bytes(b"PK")
    with HeadDrawer(tmp_path, None, head, (64, 48)) as drawer:
        picture(drawer, [np.zeros(len(head.sliders), np.float32)])
        assert "face mesh" in drawer.note
        assert "prepared.npz cannot be read" in drawer.note
    with pytest.raises(RigError):
        HeadDrawer(MODELS, tmp_path / "missing", head)


def test_without_opengl_the_face_mesh_is_painted(
    head: LandmarkHead, tiny_folder: Path, neutral: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)  # how Python marks what cannot be imported
    pictures, note = open_pictures(MODELS, tiny_folder, head, (320, 240))
    with pictures:
        drawn = pictures.draw([neutral], 0, 0, 0)
    assert "moderngl" in note
    assert 0.1 < on_head(drawn.astype(int)).mean() < 0.8


def test_the_face_mesh_keeps_its_landmarks_and_has_eyes(head: LandmarkHead) -> None:
    rig = face_alone(head, "").rig
    values = np.linspace(-1, 1, len(head.sliders))
    np.testing.assert_allclose(
        rig.vertices(values)[:468], head.landmarks(values)[:468] * [1, -1, -1], atol=1e-4
    )
    for name in ("lips", "brows", "sclera", "iris", "pupil"):
        shown = rig.regions[name] > 0.4
        assert shown.any()
        assert abs(rig.neutral[shown, 0].mean()) < 0.01  # as much on the left as on the right


def test_the_face_mesh_has_no_holes(head: LandmarkHead) -> None:
    """Painted white on black, each row of pixels enters it once, and leaves it once."""
    face = face_alone(head, "")
    white, light = np.ones_like(face.rig.neutral), Light(ambient=(1, 1, 1))
    for values in (np.zeros(len(head.sliders)), np.linspace(-0.5, 0.5, len(head.sliders))):
        for yaw in (0.0, 25.0):
            camera = face.framing.camera(15.0, yaw)
            mesh = (face.rig.vertices(values), face.rig.triangles, white, camera)
            covered = paint_mesh(*mesh, 640, 480, light, (0, 0, 0))[..., 0] > 127
            rows = covered[covered.any(axis=1)]
            assert len(rows) > 200
            changes = np.abs(np.diff(rows.astype(int), axis=1)).sum(axis=1)
            assert (changes == 2).mean() > 0.97


def test_makehumans_own_head_is_drawn() -> None:
    if not REAL_FOLDER.is_dir():
        pytest.skip("MakeHuman's data is not at ../shared/rigs/makehuman/data")
    whole = load_landmark_head(MODELS / "head.npz")
    neutral = np.zeros(len(whole.sliders), np.float32)
    with HeadDrawer(MODELS, REAL_FOLDER.resolve(), whole) as drawer:
        left, right = (picture(drawer, [neutral], yaw) for yaw in (-25.0, 25.0))
        assert lips(left)[0] < lips(right)[0] - 10
        assert drawer.note == "" or "OpenGL" in drawer.note
