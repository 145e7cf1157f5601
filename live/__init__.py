"""Video in, one face's slider values out while they are looked at: what `fpp webcam` does."""
