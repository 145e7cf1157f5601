"""Which reader a file or folder of a rig needs."""

from __future__ import annotations

from pathlib import Path

from rig.rig import RigError
from rig.source_head import SourceHead

GLTF_SUFFIXES = (".glb", ".gltf", ".vrm")
"""A .vrm is a .glb with a convention for avatars."""

_AS_GLB = "export the head as GLB (glTF 2.0) with its shape keys (blendshapes, morph targets)"
_ADVICE = {
    ".fbx": f"Open it in Blender and {_AS_GLB}",
    ".blend": f"Open it in Blender and {_AS_GLB}",
    ".dae": f"Open it in Blender and {_AS_GLB}",
    ".ma": f"In Maya, {_AS_GLB}, or as one .obj per blendshape",
    ".mb": f"In Maya, {_AS_GLB}, or as one .obj per blendshape",
    ".usd": f"Open it in Blender and {_AS_GLB}",
    ".usda": f"Open it in Blender and {_AS_GLB}",
    ".usdc": f"Open it in Blender and {_AS_GLB}",
    ".usdz": f"Open it in Blender and {_AS_GLB}",
    ".ply": "Name a folder of .obj files: neutral.obj, and one per blendshape",
    ".stl": "Name a folder of .obj files: neutral.obj, and one per blendshape",
    ".obj": "Name its folder instead, with neutral.obj and one .obj per blendshape in it",
    ".zip": "Unpack it, and name the .glb file or the folder of .obj files in it",
    ".7z": "Unpack it, and name the .glb file or the folder of .obj files in it",
    ".rar": "Unpack it, and name the .glb file or the folder of .obj files in it",
    ".mhm": "It holds slider values; name MakeHuman's data folder",
}
_EXPECTED = "Expected a .glb, .gltf or .vrm file, or a folder of .obj files"


def read_source_head(path: Path) -> SourceHead:
    """Reads a .glb, .gltf or .vrm file, or a folder of .obj files.

    Raises RigError for anything else, with what to do about it, and where the file is broken.
    """
    # Not at the top: a folder needs no glTF, a file no OBJ.
    if path.is_dir():
        from rig.obj_folder import obj_files, read_obj_folder

        try:
            if obj_files(path):
                return read_obj_folder(path)
        except OSError as error:
            raise RigError(
                f"{path} cannot be read ({error}). {_EXPECTED}. Check who may read it."
            ) from error
        raise RigError(f"{path} has no .obj files. {_EXPECTED}. {_inside(path)}.")
    if path.suffix.lower() in GLTF_SUFFIXES:
        from rig.gltf_head import read_gltf_head

        return read_gltf_head(path)
    if not path.exists():
        raise RigError(f"{path} is not there. {_EXPECTED}. Check the path.")
    advice = _ADVICE.get(path.suffix.lower(), f"In the program it was made in, {_AS_GLB}")
    raise RigError(f"{path} is of a kind that is not read. {_EXPECTED}. {advice}.")


def _inside(folder: Path) -> str:
    """What to do with a folder that holds no .obj files."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in GLTF_SUFFIXES:
            return f"Name the file in it: {path}"
        if path.is_dir() and any(file.suffix.lower() == ".obj" for file in path.iterdir()):
            return f"Name the folder in it: {path}"
    return "Check the path"
