"""One HTML file that shows what was predicted: photos, heads in 3D, sliders, warnings."""
