"""Opens heads in Blender and prints what it made of them, as JSON; run by Blender's own Python.

open_in_blender.py FOLDER HEAD.glb ... : the vertices, weights applied, go to FOLDER/N.npy.
open_in_blender.py FOLDER HEAD.glb -- FILE.json : sets the keys from FILE.json before.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import bpy
import numpy as np

SCRIPT = Path(__file__).parents[2] / "docs" / "import" / "set_shape_keys.py"


def main() -> None:
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    folder, *heads = sys.argv[1:end]
    found = [open_head(Path(head), Path(folder) / f"{n}.npy") for n, head in enumerate(heads)]
    print("FOUND " + json.dumps({"version": bpy.app.version_string, "heads": found}))


def open_head(path: Path, vertices: Path) -> dict:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    if "--" in sys.argv:
        for thing in bpy.data.objects:
            thing.select_set(False)
        runpy.run_path(str(SCRIPT), run_name="__main__")
    graph = bpy.context.evaluated_depsgraph_get()
    points, objects = [], []
    for thing in sorted(bpy.data.objects, key=lambda one: one.name):
        if thing.type != "MESH":
            continue
        mesh = thing.evaluated_get(graph).to_mesh()
        local = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", local)
        world = np.array(thing.matrix_world)
        points.append(local.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
        keys = thing.data.shape_keys
        blocks = list(keys.key_blocks)[1:] if keys else []
        objects.append(
            {
                "name": thing.name,
                "keys": {key.name: key.value for key in blocks},
                "materials": [material.name for material in thing.data.materials],
                "colours": [attribute.name for attribute in thing.data.color_attributes],
                "polygons": len(mesh.polygons),
            }
        )
    np.save(vertices, np.concatenate(points))
    return {"objects": objects}


main()
