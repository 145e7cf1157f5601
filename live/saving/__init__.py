"""What is left on disk: captures and recordings."""
