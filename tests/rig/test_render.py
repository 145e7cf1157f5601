from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rig.paint import vertex_colours
from rig.render import Camera, Light, Renderer, RenderError, project, surface_points
from rig.rig import Rig
from tests.rig.test_camera import POSES

ROOT = Path(__file__).parents[2]
UNLIT = Light(colour=(0, 0, 0), ambient=(1, 1, 1), specular=0)


@pytest.mark.parametrize("samples", [0, 4])
@pytest.mark.parametrize("camera", POSES)
def test_points_are_drawn_where_project_says(
    open_renderer: type[Renderer], camera: Camera, samples: int
) -> None:
    """Small coloured tetrahedra around random points; their pixels' centre is the projection."""
    random = np.random.default_rng(5)
    width, height = 320, 200
    half = camera.distance * np.tan(np.radians(camera.field_of_view) / 2)
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * half / 50
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    with open_renderer(width, height, samples) as renderer:
        for _ in range(10):
            point = np.array(camera.target) + random.uniform(-0.6, 0.6, 3) * half
            image = renderer.render(
                point + corners, faces, np.ones((4, 3)), camera, UNLIT, background=(0, 0, 0)
            )
            weight = image[..., 0].astype(float)
            rows, columns = np.indices(weight.shape) + 0.5
            found = np.average(columns, weights=weight), np.average(rows, weights=weight)
            expected = project(point, camera, width, height)[:2]
            np.testing.assert_allclose(found, expected, atol=0.75)


@pytest.mark.parametrize("camera", POSES)
def test_every_pixel_shows_the_surface_point_found_for_it(
    open_renderer: type[Renderer], rig: Rig, camera: Camera
) -> None:
    """Vertices coloured by their place: the picture is the surface point under each pixel."""
    width, height = 72, 60
    low, high = rig.neutral.min(axis=0), rig.neutral.max(axis=0)
    colours = (rig.neutral - low) / (high - low)
    with open_renderer(width, height, 0) as renderer:
        image = renderer.render(
            rig.neutral, rig.triangles, colours, camera, UNLIT, background=(1, 1, 1)
        )
    rows, columns = np.indices((height, width))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5
    triangle, weights = surface_points(rig.neutral, rig.triangles, pixels, camera, width, height)
    expected = np.einsum("nkc,nk->nc", colours[rig.triangles[triangle]], weights)
    expected[triangle < 0] = 1
    difference = np.abs(image.reshape(-1, 3) / 255 - expected).max(axis=1)
    assert 0.1 < (triangle >= 0).mean() < 0.99
    # Pixels on edges between near and far surfaces may fall to either.
    assert (difference < 0.01).mean() > 0.995


def test_a_symmetric_head_gives_mirrored_pictures(open_renderer: type[Renderer], rig: Rig) -> None:
    colours = vertex_colours(rig)
    light = Light(direction=(0, 0.3, 1))
    with open_renderer(128, 128) as renderer:
        left, right = (
            renderer.render(
                rig.neutral, rig.triangles, colours, Camera((0, 7.1, 0.6), 12, 12, yaw), light
            ).astype(int)
            for yaw in (30, -30)
        )
    assert np.abs(left - right).mean() > 5
    assert np.abs(left - right[:, ::-1]).mean() < 1


def test_light_falls_from_where_it_stands(open_renderer: type[Renderer], rig: Rig) -> None:
    colours = np.ones_like(rig.neutral)
    camera = Camera((0, 7.1, 0.6), 12, 12)
    with open_renderer(64, 64) as renderer:
        right, above = (
            renderer.render(
                rig.neutral, rig.triangles, colours, camera, Light(direction=direction), (0, 0, 0)
            ).astype(int)
            for direction in ((1, 0, 0.2), (0, 1, 0.2))
        )
    assert right[:, 32:].sum() > 1.5 * right[:, :32].sum()
    assert above[:, 32:].sum() == pytest.approx(above[:, :32].sum(), rel=0.1)


def test_the_light_has_a_colour(open_renderer: type[Renderer], rig: Rig) -> None:
    camera = Camera((0, 7.1, 0.6), 12, 12)
    light = Light(colour=(1, 0, 0), ambient=(0, 0.2, 0), specular=0)
    with open_renderer(32, 32) as renderer:
        image = renderer.render(
            rig.neutral, rig.triangles, np.ones_like(rig.neutral), camera, light, (0, 0, 0)
        )
    assert image[16, 16, 0] > 100
    assert image[16, 16, 1] == pytest.approx(51, abs=2)
    assert image[..., 2].max() == 0


@pytest.mark.parametrize("samples", [0, 4])
def test_a_picture_behind_shows_beside_the_head(
    open_renderer: type[Renderer], rig: Rig, samples: int
) -> None:
    behind = np.random.default_rng(6).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    colours = vertex_colours(rig)
    camera = Camera((0, 7.1, 0.6), 12, 14)
    with open_renderer(96, 96, samples) as renderer:
        before = renderer.render(rig.neutral, rig.triangles, colours, camera, background=behind)
        flat = renderer.render(
            rig.neutral, rig.triangles, colours, camera, background=behind[0, 0] / 255
        )
    rows, columns = np.indices((96, 96))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5
    triangle, _ = surface_points(rig.neutral, rig.triangles, pixels, camera, 96, 96)
    seen = (triangle >= 0).reshape(96, 96)
    # Away from the outline, pixels are all head or all background.
    neighbours = [np.roll(seen, shift, axis) for axis in (0, 1) for shift in (-1, 1)]
    inner, outer = (
        np.logical_and.reduce([seen, *neighbours]),
        ~np.logical_or.reduce([seen, *neighbours]),
    )
    assert (before[outer] == behind[outer]).mean() > 0.99
    assert (np.abs(before[inner].astype(int) - flat[inner]).max(axis=1) <= 1).mean() > 0.99
    np.testing.assert_array_equal(flat[outer][0], behind[0, 0])


def test_bytes_and_fractions_are_the_same_colours(
    open_renderer: type[Renderer], tiny_rig: Rig
) -> None:
    colours = np.random.default_rng(7).integers(0, 256, tiny_rig.neutral.shape).astype(np.uint8)
    with open_renderer(48, 48) as renderer:
        first, second = (
            renderer.render(tiny_rig.neutral, tiny_rig.triangles, paint, POSES[0])
            for paint in (colours, colours / 255)
        )
    np.testing.assert_array_equal(first, second)


def test_one_renderer_serves_several_rigs_and_several_renderers_live_together(
    open_renderer: type[Renderer], tiny_rig: Rig
) -> None:
    colours = vertex_colours(tiny_rig)
    sheet = np.array([[-1, 6, 0], [1, 6, 0], [0, 8, 0]], float)

    def draw(renderer: Renderer) -> np.ndarray:
        return renderer.render(tiny_rig.neutral, tiny_rig.triangles, colours, POSES[0])

    with open_renderer(40, 30) as first, open_renderer(40, 30) as second:
        alone = draw(first)
        first.render(sheet, np.array([[0, 1, 2]]), np.ones((3, 3)), POSES[0])
        np.testing.assert_array_equal(draw(first), alone)
        np.testing.assert_array_equal(draw(second), alone)
    assert alone.shape == (30, 40, 3)


def test_what_does_not_fit_is_refused(open_renderer: type[Renderer], tiny_rig: Rig) -> None:
    mesh, triangles, colours = tiny_rig.neutral, tiny_rig.triangles, vertex_colours(tiny_rig)
    with open_renderer(16, 16) as renderer:
        with pytest.raises(ValueError, match="colours"):
            renderer.render(mesh, triangles, colours[:-1], POSES[0])
        with pytest.raises(ValueError, match="background"):
            renderer.render(
                mesh, triangles, colours, POSES[0], background=np.zeros((8, 8, 3), np.uint8)
            )
        with pytest.raises(ValueError, match="triangles"):
            renderer.render(mesh[:10], triangles, colours[:10], POSES[0])
        renderer.render(mesh, triangles, colours, POSES[0])
        with pytest.raises(ValueError, match="vertices"):
            renderer.render(mesh[:10], triangles, colours[:10], POSES[0])


def test_without_moderngl_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)  # how Python marks what cannot be imported
    with pytest.raises(RenderError, match=r"\[synthesis\]") as caught:
        Renderer(8, 8)
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.skipif(sys.platform != "linux", reason="EGL is Linux's way to OpenGL without a window")
def test_without_egl_the_message_names_the_packages() -> None:
    pytest.importorskip("moderngl")
    done = subprocess.run(
        [sys.executable, "-c", "from rig.render import Renderer; Renderer(8, 8)"],
        env=os.environ
        | {"__EGL_VENDOR_LIBRARY_DIRS": os.devnull, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "RenderError" in done.stderr
    assert "apt-get install libegl1" in done.stderr


@pytest.mark.parametrize("first", ["tensorflow", "OpenGL"])
def test_opengl_and_tensorflow_are_kept_apart(first: str) -> None:
    """In one process the second would hang or crash in LLVM, which both bring."""
    render = "from rig.render import Renderer; Renderer(8, 8)"
    train = (
        "import numpy as np; from regression.datasets.tables import Examples;"
        "from regression.models.network import NetworkSettings;"
        "from regression.training.network_training import TrainingSettings, train_network;"
        "rows = np.ones((4, 2), np.float32);"
        "train_network(Examples(rows, rows, rows[:, 0], rows[:, 0]), NetworkSettings(),"
        " TrainingSettings())"
    )
    code = f"import tensorflow; {render}" if first == "tensorflow" else f"{render}; {train}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=100
    )
    if "OpenGL did not start" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 1
    assert "in a process of its own" in done.stderr
