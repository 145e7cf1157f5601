"""The page of `fpp app`: what is on it and what it is wired to."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from app.page_events import KINDS, PageEvents
from app.page_parts import camera_part, file_part, head_part, seen_part, sliders_part
from app.page_values import ROUTE_NAMES
from app.services import Services
from app.visit import COMPARE, MOST_PHOTOS, Visit

TITLE = "Face Parameters Predictor"

_VIEWS = [("As in the photo", "photo"), ("Front", "front"), ("Side", "side")]
_SHOWN = [(name, route) for route, name in ROUTE_NAMES.items()] + [("Compare", COMPARE)]
_EMPTY_SEEN = '{"entries": [], "empty": "No photo yet. Add one above."}'
_EMPTY_HEAD = '{"empty": "The head appears here as soon as there is a photo."}'
_EMPTY_SLIDERS = '{"empty": "The sliders of the head appear here."}'

# Seconds. Uploads are deleted as soon as they were read; this is for those that never were.
_LOOK_FOR_LEFT_FILES, _LEFT_FILES_AGE = 60, 600


def build_page(services: Services, settings_allowed: bool = True) -> gr.Blocks:
    """The page.

    settings_allowed: whether visitors may name folders of this computer.
    """
    events = PageEvents(services)
    with gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        delete_cache=(_LOOK_FOR_LEFT_FILES, _LEFT_FILES_AGE),
        fill_width=True,
    ) as page:
        visit, settings = gr.State(Visit()), gr.State(None)
        gr.HTML(
            f"<h1>{TITLE}</h1><p>A photo of a face in, the slider values of a 3D head out. Photos "
            "stay on the computer that runs this page and are forgotten when you close it.</p>",
            elem_id="fpp-title",
            apply_default_css=False,
        )
        note = gr.Markdown("", elem_id="fpp-note", visible=False)
        with gr.Row(equal_height=False, elem_id="fpp-columns"):
            with gr.Column(scale=3, min_width=300):
                drop, camera = _inputs()
                seen = seen_part(_EMPTY_SEEN)
                together = gr.Checkbox(
                    label="These photos show one person: combine them", visible=False
                )
                anew = gr.Button("Start anew", size="sm")
            with gr.Column(scale=4, min_width=320):
                with gr.Column(elem_id="fpp-stage"):
                    shown = gr.Radio(
                        _SHOWN, value="fused", label="Predicted from", interactive=False
                    )
                    head = head_part(_EMPTY_HEAD)
                    view = gr.Radio(_VIEWS, value="photo", label="View")
                downloads, saved = _downloads()
            with gr.Column(scale=3, min_width=300):
                differences = gr.HTML("", visible=False, apply_default_css=False)
                sliders = sliders_part(_EMPTY_SLIDERS)
                reset = gr.Button("Reset all sliders", size="sm", interactive=False)
        refreshed = [visit, seen, head, sliders, differences, together, shown, reset, *downloads]
        common: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private"}
        state = [visit, settings, view]
        reading: dict[str, Any] = {
            **common,
            "show_progress": "full",
            "show_progress_on": [seen, head],
        }
        drop.upload(events.add_files, [drop, *state], [drop, *refreshed], **reading)
        camera.input(events.add_camera, [camera, *state], [camera, *refreshed], **reading)
        seen.choose(events.choose, state, refreshed, **common)
        seen.remove(events.remove, state, refreshed, **common)
        together.input(events.combine, [together, *state], refreshed, **common)
        shown.input(events.show, [shown, *state], refreshed, **common)
        reset.click(events.reset, state, refreshed, **common)
        anew.click(events.anew, state, refreshed, **common)
        view.input(events.turn, state, head, **common)
        sliders.input(
            events.move,
            [sliders, *state],
            [visit, head],
            show_progress="hidden",
            trigger_mode="always_last",
            api_visibility="private",
        )
        for kind, button in zip(KINDS, downloads, strict=True):
            button.click(partial(events.save, kind), [visit, settings], saved, **common)
        if settings_allowed:
            _settings(events, [visit, view], [settings, note, *refreshed])
        page.load(events.loaded, None, note, **common)

        def forget(request: gr.Request) -> None:
            """Drops all of a visitor who has left; Gradio would keep it for an hour."""
            holder = page.state_holder
            with holder.lock:
                holder.session_data.pop(request.session_hash, None)
                holder.time_last_used.pop(request.session_hash, None)

        page.unload(forget)
    return page


def _inputs() -> tuple[gr.File, gr.Image]:
    """Where photos come in."""
    with gr.Tabs():
        with gr.Tab("Photos"):
            drop = gr.File(
                label=f"Photos of faces, up to {MOST_PHOTOS}",
                file_count="multiple",
                file_types=["image"],
                height=120,
                elem_id="fpp-drop",
            )
        with gr.Tab("Camera"):
            camera = camera_part()
    return drop, camera


def _downloads() -> tuple[list[gr.Button], gr.HTML]:
    """A button per kind of file, and what hands it over."""
    with gr.Row(elem_id="fpp-downloads"):
        gr.HTML("Download", apply_default_css=False)
        buttons = [
            gr.Button(label, size="sm", min_width=92, interactive=False)
            for label, _ in KINDS.values()
        ]
    return buttons, file_part()


def _settings(
    events: PageEvents,
    inputs: list[gr.components.Component],
    outputs: list[gr.components.Component],
) -> None:
    """Which models and which rig."""
    with gr.Accordion("Settings", open=False):
        with gr.Row():
            models = gr.Textbox(
                label="Models folder",
                info="Trained by `fpp train` or `fpp adapt`. Empty: those of the program.",
            )
            rig = gr.Textbox(
                label="Rig",
                info="MakeHuman's data folder. Empty: FPP_RIG, or what was fetched.",
            )
        use = gr.Button("Use these", size="sm")
    use.click(
        events.change_settings,
        [models, rig, *inputs],
        outputs,
        show_progress="minimal",
        api_visibility="private",
    )
