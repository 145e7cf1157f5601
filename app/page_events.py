"""What happens when a visitor of the page does something."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from app.page_values import (
    differences_html,
    head_value,
    read_edits,
    seen_value,
    sliders_value,
)
from app.service import HeadService
from app.services import Services, Settings
from app.visit import COMPARE, MOST_PHOTOS, SeenPhoto, Visit

KINDS = {
    "mhm": ("MakeHuman (.mhm)", "text/plain"),
    "json": ("Values (.json)", "application/json"),
    "glb": ("3D head (.glb)", "model/gltf-binary"),
    "png": ("Picture (.png)", "image/png"),
}
"""What can be downloaded: the button's words and the file's type."""

# Packages whose own exceptions are written for the user.
_LIBRARY = ("vision", "regression", "rig", "exports", "live", "app")


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Errors as the page shows them: those written for users in full, others as one sentence."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        for_the_user = type(error).__module__.partition(".")[0] in _LIBRARY
        if not for_the_user:
            traceback.print_exc(file=sys.stderr)
        text = (
            str(error)
            if for_the_user
            else "Something went wrong in the program. What you had is still there: try again. "
            "The window where `fpp app` runs says more."
        )
        raise gr.Error(text, title="That did not work", print_exception=False) from None


class PageEvents:
    """One method per event. All but `move` and `save` return what `refreshed` returns.

    Every visitor's visit and settings come in and go out as values of gr.State.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def _service(self, settings: Settings | None) -> HeadService:
        return self._services.get(settings or self._services.first)

    def refreshed(self, service: HeadService, visit: Visit, view: str) -> tuple[Any, ...]:
        """Visit, seen, head, sliders, differences, together, shown, and the four downloads."""
        several = len(visit.faces) > 1
        there = visit.face is not None
        comparing = there and visit.shown == COMPARE
        return (
            visit,
            seen_value(visit),
            head_value(service, visit, view),
            gr.update(value=sliders_value(service, visit), visible="hidden" if comparing else True),
            gr.update(value=differences_html(visit), visible=comparing),
            gr.update(visible=several, value=visit.person is not None),
            gr.update(interactive=there),
            gr.update(interactive=there, visible=not comparing),
            *(gr.update(visible=kind in service.kinds, interactive=there) for kind in KINDS),
        )

    def loaded(self) -> Iterator[Any]:
        """The line below the title: what is going on, and then what is to be known."""
        yield gr.update(value="Loading the networks. Photos can be added already.", visible=True)
        with friendly_errors():
            yield _note(self._service(None))

    def add_files(
        self,
        files: Sequence[str] | None,
        visit: Visit,
        settings: Settings | None,
        view: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[tuple[Any, ...]]:
        """Reads photos one after the other and deletes their files; the drop zone is emptied."""
        paths = [Path(file) for file in files or ()]
        try:
            with friendly_errors():
                room = MOST_PHOTOS - len({photo for photo, _ in visit.entries})
                if len(paths) > room:
                    gr.Warning(
                        f"{MOST_PHOTOS} photos at once are the most. {len(paths) - max(room, 0)} "
                        "of these were left out: remove some, or start anew.",
                        title="Too many photos",
                    )
                progress(0, desc="Loading the networks")
                service = self._service(settings)
                for number, path in enumerate(paths[: max(room, 0)]):
                    progress(number / len(paths), desc=f"Looking at {path.name}")
                    visit = visit.add(SeenPhoto.of(service.read(path, path.name)))
                    path.unlink(missing_ok=True)
                    yield (None, *self.refreshed(service, visit, view))
                if room <= 0 or not paths:
                    yield (None, *self.refreshed(service, visit, view))
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    def add_camera(
        self,
        file: str | None,
        visit: Visit,
        settings: Settings | None,
        view: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[tuple[Any, ...]]:
        """Reads the photo that the camera took."""
        if file is None:
            return
        taken = len(visit.photos) + 1
        path = Path(file)
        named = path.with_name(f"camera {taken}{path.suffix}")
        try:
            path.replace(named)
            yield from self.add_files([str(named)], visit, settings, view, progress)
        finally:
            path.unlink(missing_ok=True)

    def choose(
        self, visit: Visit, settings: Settings | None, view: str, event: gr.EventData
    ) -> tuple[Any, ...]:
        """Another face is looked at."""
        with friendly_errors():
            changed = visit.choose(int(event.photo), int(event.face))
            return self.refreshed(self._service(settings), changed, view)

    def remove(
        self, visit: Visit, settings: Settings | None, view: str, event: gr.EventData
    ) -> tuple[Any, ...]:
        """A face or photo is taken away."""
        with friendly_errors():
            changed = visit.remove(int(event.photo), int(event.face))
            return self.refreshed(self._service(settings), changed, view)

    def combine(
        self, together: bool, visit: Visit, settings: Settings | None, view: str
    ) -> tuple[Any, ...]:
        """All photos are one person, or not."""
        with friendly_errors():
            service = self._service(settings)
            person = None
            if together and len(visit.faces) > 1:
                doubt = service.same_person(visit.faces)
                if doubt:
                    gr.Warning(doubt, title="One person?")
                person = service.combine(visit.faces)
            return self.refreshed(service, visit.as_person(person), view)

    def show(
        self, shown: str, visit: Visit, settings: Settings | None, view: str
    ) -> tuple[Any, ...]:
        """Another route, or all of them."""
        with friendly_errors():
            return self.refreshed(self._service(settings), visit.show(shown), view)

    def reset(self, visit: Visit, settings: Settings | None, view: str) -> tuple[Any, ...]:
        """The sliders as they were predicted."""
        with friendly_errors():
            return self.refreshed(self._service(settings), visit.reset(), view)

    def anew(self, visit: Visit, settings: Settings | None, view: str) -> tuple[Any, ...]:
        """No photo."""
        with friendly_errors():
            empty = Visit(shown=visit.shown, edition=visit.edition + 1)
            return self.refreshed(self._service(settings), empty, view)

    def turn(self, visit: Visit, settings: Settings | None, view: str) -> str:
        """The head from another side."""
        with friendly_errors():
            return head_value(self._service(settings), visit, view)

    def move(
        self, told: str, visit: Visit, settings: Settings | None, view: str
    ) -> tuple[Any, Any]:
        """Sliders were moved: the visit, and the head."""
        with friendly_errors():
            edits = read_edits(told, visit)
            if edits is None:
                return gr.skip(), gr.skip()
            changed = visit.edit(edits)
            return changed, head_value(self._service(settings), changed, view)

    def save(self, kind: str, visit: Visit, settings: Settings | None) -> str:
        """A file for saved_file.js; nothing of it stays on disk."""
        with friendly_errors():
            face = visit.face
            if face is None or visit.chosen is None:
                raise gr.Error(
                    "There is no head yet. Add a photo of a face first.", title="Nothing to save"
                )
            service = self._service(settings)
            seen = visit.photos[visit.chosen[0]].result
            name = visit.person.name if visit.person is not None else seen.name
            values = visit.values if visit.edits else None
            with tempfile.TemporaryDirectory(prefix="fpp-app-") as folder:
                (path,) = service.save(face, values, [kind], Path(folder), name)
                data = base64.b64encode(path.read_bytes()).decode("ascii")
            return json.dumps(
                {
                    "number": time.monotonic_ns() // 1000,
                    "name": path.name,
                    "type": KINDS[kind][1],
                    "data": data,
                }
            )

    def change_settings(self, models: str, rig: str, visit: Visit, view: str) -> tuple[Any, ...]:
        """Another models folder or rig: its settings, the note, and a page without photos."""
        with friendly_errors():
            settings = Settings(
                Path(models).expanduser() if models.strip() else None,
                Path(rig).expanduser() if rig.strip() else None,
            )
            service = self._service(settings)
            gr.Info("Add the photos once more: they are not kept.", title="In use now")
            empty = Visit(shown=visit.shown, edition=visit.edition + 1)
            return (settings, _note(service), *self.refreshed(service, empty, view))


def _note(service: HeadService) -> Any:
    """The line below the title, if there is something to say."""
    return gr.update(value=service.note, visible=bool(service.note))
