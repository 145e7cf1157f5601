"""Where frames come from: cameras, files and streams."""
