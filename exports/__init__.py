"""Predictions out: tables, character files and pictures. Reads `Prediction`, measures nothing."""
