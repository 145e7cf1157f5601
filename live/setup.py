"""Puts together all that a live session needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exports.character_files import check_kinds
from exports.morph_targets import MAKEHUMAN
from live.head.head_drawer import HeadDrawer
from live.loop import Limits, LiveLoop, Watch
from live.saving.saver import Saver
from live.screen.screen import HEIGHT, PANEL_HEIGHT, PANEL_WIDTH, WIDTH
from live.screen.window import Window
from live.session import LiveSession, load_routes
from live.video.frame_stream import open_stream
from live.video.sources import Source, SourceSettings
from live.viewer import Viewer
from regression.models.average_face import average_values
from regression.models.model_files import ModelError, shipped_models
from rig.fetch import rig_folder_if_there
from vision.encodings import EncoderError, FaceEncoder

if TYPE_CHECKING:
    from exports.export_head import ExportHead

TITLE = "Face Parameters Predictor"

HEAD_SIZE = (PANEL_WIDTH, PANEL_HEIGHT)
"""Width and height of the pictures of the head."""

ENCODE_EVERY = 5
"""Of a file that is worked through frame by frame, each so many frames is encoded."""


_USUAL_RATE = 30.0  # of a camera that does not say


@dataclass(frozen=True)
class LivePlan:
    """What to do.

    Attributes:
        source, settings: where frames come from, and how.
        out: folder of captures, and of recordings unless `record` names one.
        record: folder to record into from the beginning; None records when asked to.
        video: whether recordings have the screen as a video.
        kinds: of captures' character files; None for those that are of use with the rig.
        model: the route to begin with.
        models: a folder of trained models; None for those that come with the program.
        rig: MakeHuman's data folder; None for the one that is found.
        encoder: engine of the encodings, see vision.encodings.
        rendered: whether the video is of rendered heads.
        faces: how many to look for in a frame.
        window: whether to open one.
        mirrored: whether the screen begins as a mirror.
        limits: when to end.
    """

    source: Source
    settings: SourceSettings
    out: Path
    record: Path | None = None
    video: bool = False
    kinds: Collection[str] | None = None
    model: str = "fused"
    models: Path | None = None
    rig: Path | None = None
    encoder: str = "litert"
    rendered: bool = False
    faces: int = 4
    window: bool = True
    mirrored: bool = True
    limits: Limits = Limits()


@contextmanager
def open_live(
    plan: LivePlan,
    tell: Callable[[str], None],
    watch: Watch | None = None,
) -> Iterator[LiveLoop]:
    """Opens everything, and closes it when the block is left, however it is left.

    tell, watch: see live.loop.LiveLoop.

    Raises SourceError, WindowError, ModelError, RigError, RecordingError.
    """
    folder = plan.models or shipped_models()
    with ExitStack() as stack:
        window = stack.enter_context(Window(TITLE)) if plan.window else None
        models = load_routes(folder)
        if plan.model not in models:
            raise ModelError(
                f"The models folder {folder} has no model {plan.model!r}. "
                f"{' or '.join(models)} was expected. Name it with --model."
            )
        head = models[plan.model].head
        kinds = plan.kinds
        if kinds is None:
            kinds = ("mhm", "json", "glb") if head.rig == MAKEHUMAN else ("json", "glb")
        check_kinds(kinds, head.rig)
        rig_folder_if_there(plan.rig)  # refuses one that is named and not there
        viewer: Viewer | None = None
        if window is not None or plan.video:
            drawer = stack.enter_context(HeadDrawer(folder, plan.rig, head, HEAD_SIZE))
            average = average_values(folder, models[plan.model])
            viewer = Viewer(drawer, head.sliders, average, plan.source.name, plan.mirrored)

        def say(message: str) -> None:
            tell(message)
            if viewer is not None:
                viewer.tell(message)

        def load_head() -> ExportHead:
            from exports.export_head import head_for_exports

            return head_for_exports(folder, plan.rig, head)

        every = ENCODE_EVERY if plan.settings.every_frame else None
        encoder = _encoder(plan, say)
        session = LiveSession(models, encoder, plan.model, plan.rendered, plan.faces, every)
        stack.enter_context(session)
        # Last: a file's frames come at their own speed from here on.
        stream = stack.enter_context(open_stream(plan.source, plan.settings, say))
        saver = Saver(
            plan.out,
            head.sliders,
            head.licence,
            kinds,
            load_head,
            plan.source.name,
            plan.record,
            (WIDTH, HEIGHT) if plan.video else None,
            stream.rate or _USUAL_RATE,
        )
        stack.callback(saver.close)
        if plan.record is not None:
            saver.start()
        yield LiveLoop(
            stream, session, saver, viewer, window, plan.limits, say, watch, window is None
        )


def _encoder(plan: LivePlan, tell: Callable[[str], None]) -> FaceEncoder | None:
    """None where the landmark route has to do without."""
    try:
        return FaceEncoder(plan.encoder)
    except EncoderError as error:
        if plan.model != "landmarks":
            raise
        tell(f"{error} Without it, another person is not noticed.")
        return None
