"""A run over many photos: what it has done so far, and going on after any stop."""
