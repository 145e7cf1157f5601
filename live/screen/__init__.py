"""What is shown: one picture of 1280x720, and the window it is in."""
