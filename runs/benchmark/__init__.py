"""How fast photos are predicted: against face_recognition, against the bound, over many photos."""
