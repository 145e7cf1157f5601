"""Photos in, predictions out; several photos of one person together."""
