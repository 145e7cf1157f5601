"""What predicts: networks, the linear map, the rig fit, their intervals and files."""
