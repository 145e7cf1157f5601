"""The window's colours, RGB: dark, and apart from each other also to colour-blind people.

Blue, yellow and orange come from Okabe and Ito's set; they also differ in lightness, and nothing
is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

Colour = tuple[int, int, int]

BACKGROUND: Colour = (16, 19, 24)
RAISED: Colour = (31, 36, 44)
EDGE: Colour = (54, 61, 72)
MUTED: Colour = (112, 122, 137)
DIM: Colour = (164, 174, 188)
TEXT: Colour = (238, 242, 247)

BLUE: Colour = (96, 190, 246)
YELLOW: Colour = (246, 216, 84)
ORANGE: Colour = (255, 166, 64)
RED: Colour = (255, 96, 88)

ROUTE_COLOURS: Mapping[str, Colour] = {"encoding": BLUE, "landmarks": YELLOW, "fused": BLUE}
"""What a route is drawn in where two are compared."""
