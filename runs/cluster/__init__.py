"""A run over photos on many machines: Ray Data, photos and results at any fsspec address."""
