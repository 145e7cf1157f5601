"""Off-screen rendering of meshes with OpenGL, with or without a graphics card.

Needs the extra `[synthesis]` (moderngl) and, on Linux, EGL. Do not use it in a process that also
runs MediaPipe: the two have crashed together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rig.camera import Camera, project, surface_points

__all__ = ["Camera", "Light", "RenderError", "Renderer", "project", "surface_points"]

_VERTEX_SHADER = """
#version 330
uniform mat4 to_clip;
uniform mat3 rotation;
in vec3 position;
in vec3 normal;
in vec3 colour;
out vec3 view_normal;
out vec3 view_position;
out vec3 albedo;
uniform vec3 target;
uniform float distance;
void main() {
    view_position = rotation * (position - target) - vec3(0.0, 0.0, distance);
    gl_Position = to_clip * vec4(view_position, 1.0);
    view_normal = rotation * normal;
    albedo = colour;
}
"""
_FRAGMENT_SHADER = """
#version 330
uniform vec3 light_direction;
uniform vec3 light_colour;
uniform vec3 ambient;
uniform float specular;
uniform float shininess;
in vec3 view_normal;
in vec3 view_position;
in vec3 albedo;
out vec4 fragment;
void main() {
    vec3 normal = normalize(view_normal);
    float facing = max(dot(normal, light_direction), 0.0);
    vec3 halfway = normalize(light_direction - normalize(view_position));
    float shine = facing > 0.0 ? specular * pow(max(dot(normal, halfway), 0.0), shininess) : 0.0;
    vec3 lit = albedo * (ambient + light_colour * facing) + light_colour * shine;
    fragment = vec4(clamp(lit, 0.0, 1.0), 1.0);
}
"""


class RenderError(Exception):
    """Rendering is not possible here. The message says what, why and what to do."""


@dataclass(frozen=True)
class Light:
    """One distant light and an ambient one.

    direction: towards the light, in camera axes (x right, y up, z towards the viewer); any length.
    colour, ambient: red, green, blue factors, usually 0..1.
    specular: strength of the highlight, 0..1; shininess: its sharpness.
    """

    direction: tuple[float, float, float] = (-0.3, 0.5, 1.0)
    colour: tuple[float, float, float] = (0.75, 0.75, 0.75)
    ambient: tuple[float, float, float] = (0.35, 0.35, 0.35)
    specular: float = 0.08
    shininess: float = 20.0


class Renderer:
    """Renders meshes into images of one size. Holds an OpenGL context; use `with` or `close()`.

    width, height: pixels. samples: multisampling (0 for none; 4 costs about half the speed).
    Raises RenderError where moderngl or EGL is missing.
    """

    def __init__(self, width: int, height: int, samples: int = 4) -> None:
        self.width, self.height, self.samples = width, height, samples
        self._context = _open_context()
        with self._context:
            self._program = self._context.program(_VERTEX_SHADER, _FRAGMENT_SHADER)
            self._frame = self._context.simple_framebuffer((width, height), 4)
            self._canvas = (
                self._context.framebuffer(
                    self._context.renderbuffer((width, height), 4, samples=samples),
                    self._context.depth_renderbuffer((width, height), samples=samples),
                )
                if samples
                else self._frame
            )
        self._topology: _Topology | None = None

    def render(
        self,
        vertices: npt.NDArray[np.floating[Any]],
        triangles: npt.NDArray[np.integer[Any]],
        colours: npt.NDArray[Any],
        camera: Camera,
        light: Light | None = None,
        background: npt.ArrayLike = (0.5, 0.5, 0.5),
    ) -> npt.NDArray[np.uint8]:
        """Draw one mesh; returns (height, width, 3) uint8, red, green, blue.

        vertices (v, 3); triangles (t, 3), counter-clockwise from outside; colours (v, 3) 0..1
        floats or uint8; background: one colour 0..1, or an image (height, width, 3) uint8.
        Passing the same triangles array again is faster. Raises ValueError for shapes that do not
        fit together.
        """
        paint = _paint(colours, len(vertices))
        backdrop = np.asarray(background)
        if backdrop.shape not in ((3,), (self.height, self.width, 3)):
            raise ValueError(
                f"The background has shape {backdrop.shape}. Expected one colour (3,) or an image "
                f"({self.height}, {self.width}, 3). Resize the image first."
            )
        light = light or Light()
        with self._context:
            if self._topology is None or self._topology.source is not triangles:
                if self._topology is not None:
                    self._topology.release()
                self._topology = _Topology(self._context, self._program, triangles, len(vertices))
            self._topology.fill(vertices, paint)
            self._set_camera(camera)
            self._set_light(light)
            self._canvas.use()
            self._context.enable(self._context.DEPTH_TEST)
            clear = tuple(float(part) for part in backdrop) if backdrop.ndim == 1 else (0, 0, 0)
            self._canvas.clear(*clear, 0.0, depth=1.0)
            self._topology.array.render()
            if self._canvas is not self._frame:
                self._context.copy_framebuffer(self._frame, self._canvas)
            raw = self._frame.read(components=4, alignment=1)
        image = np.frombuffer(raw, np.uint8).reshape(self.height, self.width, 4)[::-1]
        if backdrop.ndim == 1:
            return np.ascontiguousarray(image[..., :3])
        # The mesh was drawn over black, so its colours are multiplied by its coverage already.
        uncovered = 255 - image[..., 3:].astype(np.uint16)
        behind = (backdrop.astype(np.uint16) * uncovered + 127) // 255
        return np.minimum(image[..., :3] + behind, 255).astype(np.uint8)

    def close(self) -> None:
        """Release the OpenGL context."""
        self._context.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _set_camera(self, camera: Camera) -> None:
        near, far = camera.distance / 20, camera.distance * 4
        focal = camera.focal(self.height)
        to_clip = np.array(
            [
                [2 * focal / self.width, 0, 0, 0],
                [0, 2 * focal / self.height, 0, 0],
                [0, 0, -(far + near) / (far - near), -2 * far * near / (far - near)],
                [0, 0, -1, 0],
            ]
        )
        # OpenGL stores matrices by column.
        self._program["to_clip"].write(to_clip.T.astype("f4").tobytes())
        self._program["rotation"].write(camera.rotation.T.astype("f4").tobytes())
        self._program["target"].value = tuple(camera.target)
        self._program["distance"].value = camera.distance

    def _set_light(self, light: Light) -> None:
        direction = np.array(light.direction, np.float64)
        direction /= max(float(np.linalg.norm(direction)), 1e-9)
        self._program["light_direction"].value = tuple(direction)
        self._program["light_colour"].value = tuple(light.colour)
        self._program["ambient"].value = tuple(light.ambient)
        self._program["specular"].value = light.specular
        self._program["shininess"].value = light.shininess


class _Topology:
    """Buffers for meshes that share their triangles."""

    def __init__(
        self, context: Any, program: Any, triangles: npt.NDArray[np.integer[Any]], vertex_count: int
    ) -> None:
        from scipy.sparse import csr_matrix

        self.source = triangles
        corners = np.asarray(triangles, np.int32)
        if corners.ndim != 2 or corners.shape[1] != 3 or not len(corners):
            raise ValueError(
                f"The triangles have shape {corners.shape}. Expected (t, 3) with t above 0. "
                "Pass a rig's triangles."
            )
        if corners.min() < 0 or corners.max() >= vertex_count:
            raise ValueError(
                f"The triangles name vertex {corners.max()} of {vertex_count}. Expected vertices "
                "of this mesh. Pass triangles and vertices of one rig."
            )
        self._corners = corners
        self._vertex_count = vertex_count
        faces = np.repeat(np.arange(len(corners)), 3)
        ones = np.ones(corners.size, np.float32)
        # Row v has a 1 for each triangle around vertex v: it sums their normals.
        self._around = csr_matrix(
            (ones, (corners.ravel(), faces)), shape=(vertex_count, len(corners))
        )
        self._data = np.empty((vertex_count, 9), np.float32)
        self._vertices = context.buffer(reserve=self._data.nbytes, dynamic=True)
        self._indices = context.buffer(np.ascontiguousarray(corners).tobytes())
        layout = (self._vertices, "3f 3f 3f", "position", "normal", "colour")
        self.array = context.vertex_array(program, [layout], index_buffer=self._indices)

    def fill(self, vertices: npt.NDArray[np.floating[Any]], paint: npt.NDArray[np.float32]) -> None:
        """Upload positions, normals (each triangle weighs by its area) and colours."""
        if vertices.shape != (self._vertex_count, 3):
            raise ValueError(
                f"The vertices have shape {vertices.shape}. Expected ({self._vertex_count}, 3), "
                "as the triangles need. Pass triangles and vertices of one rig."
            )
        points = np.asarray(vertices, np.float32)
        a, b, c = (points[self._corners[:, corner]] for corner in range(3))
        normals = self._around @ _cross(b - a, c - a)
        self._data[:, 0:3] = points
        self._data[:, 3:6] = normals / np.maximum(
            np.linalg.norm(normals, axis=1, keepdims=True), 1e-12
        )
        self._data[:, 6:9] = paint
        self._vertices.write(self._data)

    def release(self) -> None:
        """Free the buffers."""
        for held in (self.array, self._vertices, self._indices):
            held.release()


def _cross(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> Any:
    """Cross products of rows (n, 3); numpy's own takes three times as long."""
    result = np.empty_like(first)
    for axis in range(3):
        after, last = (axis + 1) % 3, (axis + 2) % 3
        result[:, axis] = first[:, after] * second[:, last] - first[:, last] * second[:, after]
    return result


def _paint(colours: npt.NDArray[Any], vertex_count: int) -> npt.NDArray[np.float32]:
    """Vertex colours as (v, 3) float32 0..1."""
    paint = np.asarray(colours)
    if paint.shape != (vertex_count, 3):
        raise ValueError(
            f"The colours have shape {paint.shape}. Expected ({vertex_count}, 3): red, green and "
            "blue per vertex. Take them from rig.paint.vertex_colours."
        )
    scaled = paint / 255 if paint.dtype == np.uint8 else paint
    return np.asarray(scaled, np.float32)


def _open_context() -> Any:
    try:
        import moderngl
    except ImportError as error:
        raise RenderError(
            "Rendering needs moderngl, and Python cannot import it. Expected the optional extra "
            "`synthesis`. Install it: pip install 'face-parameters-predictor[synthesis]'."
        ) from error
    if "tensorflow" in sys.modules:
        # Mesa's software renderer and tensorflow both bring LLVM, and the second hangs or crashes.
        raise RenderError(
            "tensorflow is loaded in this process, and OpenGL does not live beside it. Expected a "
            "process without tensorflow. Render in a process of its own."
        )
    backend: dict[str, Any] = {"backend": "egl"} if sys.platform == "linux" else {}
    try:
        return moderngl.create_standalone_context(require=330, **backend)
    except Exception as error:  # moderngl and glcontext raise plain Exception
        raise RenderError(
            f"OpenGL did not start ({error}). Expected OpenGL 3.3, by EGL on Linux; software "
            "rendering is enough. On Debian or Ubuntu: "
            "apt-get install libegl1 libgl1 libgl1-mesa-dri."
        ) from error
