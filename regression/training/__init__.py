"""How models are made: labels, recipe, calibration, cards, and adapting them."""
