"""Parametric face rigs: sliders, meshes, rendering and rig files. Knows nothing of photos."""
