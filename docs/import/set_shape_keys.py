"""Sets the shape keys of a head in Blender from a JSON file of `fpp predict --export json`.

In Blender: open this file in the Scripting tab, put the path of the JSON file below, run it. It
sets the keys of the selected objects, or of all objects where none is selected.

Without a window, for a whole folder of files:

    blender --background head.blend --python set_shape_keys.py -- NAME.json --save NAME.blend
"""

from __future__ import annotations

import json
import sys

import bpy

JSON_FILE = ""  # such as "/home/anna/out/portrait.json"

LONGEST_NAME = 63
"""Blender cuts the names of shape keys off after so many bytes."""

FURTHEST = 10.0
"""Blender allows no key less than minus or more than this."""


def set_shape_keys(weights: dict[str, float], objects: list[bpy.types.Object]) -> list[str]:
    """Gives each key of the objects its weight, by name; keys that are not named keep theirs.

    Returns the names that no object has.
    """
    wanted = {_cut(name): (name, weight) for name, weight in weights.items()}
    found = set()
    for thing in objects:
        keys = getattr(thing.data, "shape_keys", None)
        for key in keys.key_blocks if keys else ():
            if _cut(key.name) in wanted:
                name, weight = wanted[_cut(key.name)]
                # A key's range limits its value, and begins as 0 to 1.
                key.slider_min = max(min(key.slider_min, weight), -FURTHEST)
                key.slider_max = min(max(key.slider_max, weight), FURTHEST)
                key.value = weight
                found.add(name)
    return [name for name in weights if name not in found]


def _cut(name: str) -> str:
    """The name as both sides have it: the JSON writes "_" for spaces."""
    name = "".join("_" if letter.isspace() else letter for letter in name.strip())
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def main() -> None:
    """Reads the file named above or on the command line, and says what it did."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    path = arguments[0] if arguments else JSON_FILE
    with open(path, encoding="utf-8") as file:
        weights = json.load(file)["morph_targets"]
    objects = list(bpy.context.selected_objects) or list(bpy.data.objects)
    missing = set_shape_keys(weights, objects)
    print(f"{path}: {len(weights) - len(missing)} of {len(weights)} shape keys set.")
    if missing:
        print("No selected object has: " + ", ".join(missing))
    if "--save" in arguments:
        target = arguments[arguments.index("--save") + 1]
        bpy.ops.wm.save_as_mainfile(filepath=bpy.path.abspath(target))


if __name__ == "__main__":
    main()
