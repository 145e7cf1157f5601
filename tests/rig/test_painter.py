"""Painted meshes look as OpenGL draws them, and lie where the camera says."""

from __future__ import annotations

import numpy as np
import pytest

from rig.camera import Camera, project
from rig.paint import vertex_colours
from rig.painter import paint_mesh
from rig.portrait import frame_head
from rig.render import Light, Renderer
from rig.rig import Rig

LIGHT = Light(direction=(-0.4, 0.5, 1.0))
BACKGROUND = (0.1, 0.2, 0.3)


@pytest.mark.parametrize("pose", [(0, 0, 0), (30, 0, 0), (-20, 15, 10)])
def test_painted_and_rendered_heads_are_alike(
    open_renderer: type[Renderer], tiny_rig: Rig, pose: tuple[float, float, float]
) -> None:
    colours = vertex_colours(tiny_rig)
    camera = frame_head(tiny_rig).camera(15.0, *pose)
    mesh = (tiny_rig.neutral, tiny_rig.triangles, colours, camera)
    painted = paint_mesh(*mesh, 200, 160, LIGHT, BACKGROUND).astype(int)
    with open_renderer(200, 160) as renderer:
        rendered = renderer.render(*mesh, LIGHT, BACKGROUND).astype(int)
    difference = np.abs(painted - rendered).max(axis=2)
    assert (difference < 12).mean() > 0.95
    assert difference.mean() < 4


def test_a_triangle_is_painted_where_it_is_projected_from_its_front_only() -> None:
    vertices = np.array([[-0.5, -0.4, 0.0], [0.7, -0.2, 0.1], [0.1, 0.6, -0.1]])
    triangles = np.array([[0, 1, 2]])
    camera = Camera(distance=10, field_of_view=12)
    unlit = Light(colour=(0, 0, 0), ambient=(1, 1, 1), specular=0)
    picture = paint_mesh(vertices, triangles, np.eye(3), camera, 300, 240, unlit, (0, 0, 0))
    corners = project(vertices, camera, 300, 240)[:, :2]
    middle = corners.mean(axis=0)
    for colour, corner in enumerate(corners):
        x, y = (corner + 0.06 * (middle - corner)).astype(int)
        assert picture[y, x].argmax() == colour
        assert picture[y, x, colour] > 200
    x, y = middle.astype(int)
    np.testing.assert_allclose(picture[y, x], 85, atol=3)
    behind = paint_mesh(vertices, triangles[:, ::-1], np.eye(3), camera, 300, 240, unlit, (0, 0, 0))
    assert not behind.any()


def test_the_nearer_triangle_lies_over_the_other() -> None:
    flat = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], float)
    vertices = np.concatenate([flat + [0, 0, 0.5], flat - [0, 0, 0.5]])
    colours = np.repeat(np.eye(3)[:2], 3, axis=0)
    unlit = Light(colour=(0, 0, 0), ambient=(1, 1, 1), specular=0)
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        picture = paint_mesh(vertices, np.array(order), colours, Camera(), 100, 80, unlit)
        np.testing.assert_array_equal(picture[40, 50], [255, 0, 0])


def test_colours_that_do_not_fit_are_refused(tiny_rig: Rig) -> None:
    with pytest.raises(ValueError, match="red, green and blue per vertex"):
        paint_mesh(
            tiny_rig.neutral, tiny_rig.triangles, tiny_rig.neutral[:3], Camera(), 20, 20, LIGHT
        )
