"""Moved to rig.slider_words."""

from rig.slider_words import slider_label

__all__ = ["slider_label"]
