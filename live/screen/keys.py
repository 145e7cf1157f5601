"""The keys of the window: what each does, and how the help page names it."""

from __future__ import annotations

from dataclasses import dataclass

_NUMBERS = "1234"  # of faces that have a key of their own


@dataclass(frozen=True)
class Key:
    """One thing that keys do.

    Attributes:
        action: its name, as Event has it.
        characters: the keys that do it; letters are small ones.
        shown: what is written on the keys that the help page names.
        short: in one or two words, for the row of keys; empty where it is not in that row.
        meaning: in a sentence, for the help page.
    """

    action: str
    characters: str
    shown: tuple[str, ...]
    short: str
    meaning: str


KEY_LIST: tuple[Key, ...] = (
    Key("help", "h?", ("h",), "help", "Show this page, or put it away"),
    Key("model", "m", ("m",), "model", "Next model: fused, landmarks or encoding"),
    Key("compare", "c", ("c",), "compare", "Encoding and landmarks side by side"),
    Key("capture", " s", ("space", "s"), "save", "Save the photo, the sliders and the preview"),
    Key("record", "r", ("r",), "record", "Start a recording of every frame, or stop it"),
    Key("restart", "n", ("n",), "new person", "Forget what was seen and begin anew"),
    Key("mirror", "f", ("f",), "mirror", "Show the video as a mirror does, or as others see you"),
    Key("face", "\t", ("tab",), "", "Follow the next face; a click on a face does too"),
    Key("face", _NUMBERS, tuple(_NUMBERS), "", "Follow the face with this number"),
    Key("quit", "q\x1b", ("q", "Esc"), "quit", "End"),
)

KEYS: dict[str, str] = {character: key.action for key in KEY_LIST for character in key.characters}
"""Character -> action."""
