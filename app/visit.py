"""What one visitor of the page looks at: photos, the chosen face, the route, the sliders."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from app.person import CombinedFace, Face, PhotoResult, by_route
from regression.prediction.prediction import Prediction

MOST_PHOTOS = 20
"""That a visitor may have at once."""

COMPARE = "compare"
"""Shown in place of a route: all of them side by side."""

LookedAt = tuple[tuple[int, int] | None, str]
"""Photo and face number, None for all photos as one person, and the route."""

_LARGE, _SMALL = 900, 200  # pixels, the longer side


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo that was read, with its pictures ready for the page: data URIs, "" for none."""

    result: PhotoResult
    large: str
    small: str

    @staticmethod
    def of(result: PhotoResult) -> SeenPhoto:
        """Makes the pictures, JPEG."""
        if result.picture is None:
            return SeenPhoto(replace(result, picture=None), "", "")
        large, small = (picture_uri(result.picture, side) for side in (_LARGE, _SMALL))
        return SeenPhoto(replace(result, picture=None), large, small)


@dataclass(frozen=True, eq=False)
class Visit:
    """All that the page shows one visitor; s sliders.

    Attributes:
        photos: in the order they came.
        removed: photo and face numbers, from 0, that the visitor took away; face 0 of a photo
            without one is the photo.
        chosen: photo and face number of what is looked at; None at the beginning.
        person: all photos as one person, where that is looked at.
        shown: the route, or COMPARE.
        all_edits: what was set by hand, by `looked_at`: number of a slider, from 0 -> value 0..1.
        edition: rises with all that sets the sliders anew.
    """

    photos: tuple[SeenPhoto, ...] = ()
    removed: frozenset[tuple[int, int]] = frozenset()
    chosen: tuple[int, int] | None = None
    person: CombinedFace | None = field(default=None, repr=False)
    shown: str = "fused"
    all_edits: Mapping[LookedAt, Mapping[int, float]] = field(default_factory=dict)
    edition: int = 0

    @property
    def entries(self) -> list[tuple[int, int]]:
        """Photo and face number of everything in the list of photos."""
        return [
            (photo, face)
            for photo, seen in enumerate(self.photos)
            for face in range(max(1, len(seen.result.faces)))
            if (photo, face) not in self.removed
        ]

    @property
    def faces(self) -> list[Prediction]:
        """One face of each photo that has one: the largest that was not removed."""
        first: dict[int, Prediction] = {}
        for photo, face in self.entries:
            if self.photos[photo].result.faces:
                first.setdefault(photo, self.photos[photo].result.faces[face])
        return list(first.values())

    @property
    def route(self) -> str:
        """Whose values the sliders show."""
        return "fused" if self.shown == COMPARE else self.shown

    @property
    def looked_at(self) -> LookedAt:
        """Whose sliders are moved."""
        return (None if self.person is not None else self.chosen), self.route

    @property
    def edits(self) -> Mapping[int, float]:
        """Number of a slider, from 0 -> its value 0..1 set by hand, of what is looked at."""
        return self.all_edits.get(self.looked_at, {})

    @property
    def face(self) -> Face | None:
        """What is looked at, by the shown route; None for nothing or a photo without a face."""
        if self.person is not None:
            return by_route(self.person, self.route)
        if self.chosen is None:
            return None
        photo, face = self.chosen
        faces = self.photos[photo].result.faces
        return by_route(faces[face], self.route) if faces else None

    @property
    def values(self) -> np.ndarray | None:
        """(s,) 0..1: the face's, with what was set by hand; None without a face."""
        face = self.face
        if face is None:
            return None
        values = face.values.copy()
        for index, value in self.edits.items():
            values[index] = value
        return values

    def add(self, seen: SeenPhoto) -> Visit:
        """With one more photo, which is looked at if it has a face or nothing else is there."""
        photos = (*self.photos, seen)
        chosen = self.chosen
        if seen.result.faces or chosen is None or not self.photos[chosen[0]].result.faces:
            chosen = (len(photos) - 1, 0)
        return self._anew(photos=photos, chosen=chosen, person=None)

    def choose(self, photo: int, face: int) -> Visit:
        """Looking at another face; the same where there is none such."""
        if (photo, face) not in self.entries:
            return self
        return self._anew(chosen=(photo, face), person=None)

    def remove(self, photo: int, face: int) -> Visit:
        """Without a face or photo; an empty visit where it was the last."""
        if (photo, face) not in self.entries:
            return self
        left = replace(self, removed=self.removed | {(photo, face)})
        entries = left.entries
        if not any(number == photo for number, _ in entries):
            photos = list(self.photos)
            photos[photo] = SeenPhoto(PhotoResult(self.photos[photo].result.name, None), "", "")
            left = replace(left, photos=tuple(photos))
        if not entries:
            return Visit(shown=self.shown, edition=self.edition + 1)
        chosen = self.chosen if self.chosen in entries else entries[-1]
        return left._anew(chosen=chosen, person=None)

    def as_person(self, person: CombinedFace | None) -> Visit:
        """Looking at all photos as one person, or with None at one photo again."""
        kept = {key: edits for key, edits in self.all_edits.items() if key[0] is not None}
        return self._anew(person=person, all_edits=kept)

    def show(self, route: str) -> Visit:
        """By another route, or COMPARE."""
        return self._anew(shown=route)

    def edit(self, edits: Mapping[int, float]) -> Visit:
        """With sliders set by hand, these and no others."""
        return replace(self, all_edits={**self.all_edits, self.looked_at: dict(edits)})

    def reset(self) -> Visit:
        """With no slider set by hand, of what is looked at."""
        return self._anew(all_edits={**self.all_edits, self.looked_at: {}})

    def _anew(self, **changes: object) -> Visit:
        return replace(self, edition=self.edition + 1, **changes)  # type: ignore[arg-type]


def picture_uri(picture: np.ndarray, side: int) -> str:
    """A picture (height, width, 3) uint8 RGB as a JPEG in a data URI, no larger than `side`."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")
