"""The parts of the page that Gradio has no component for: photos seen, heads, sliders, files.

Each is a gr.HTML with a script of its own beside this file, which is told what to show as JSON.
Gradio's own Plot starts a new 3D canvas for every change, and so forgets how the head was turned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

PLOTLY_PATH = "/fpp/plotly.min.js"
"""Where the server of the page answers with Plotly's script."""

_FOLDER = Path(__file__).parent


def _script(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def camera_part() -> gr.Image:
    """Takes a photo. The upload is deleted once it was decoded: only the copy given to us is left.

    Not a class of its own: Gradio writes a .pyi file beside the module of every such class.
    """
    camera = gr.Image(
        label="Camera",
        sources=["webcam"],
        type="filepath",
        format="png",
        height=280,
        buttons=[],
        elem_id="fpp-camera",
    )
    decode = camera.preprocess

    def decode_and_delete(payload: ImageData | None) -> Any:
        photo = decode(payload)
        if payload is not None and payload.path and payload.path != photo:
            Path(payload.path).unlink(missing_ok=True)
        return photo

    camera.preprocess = decode_and_delete  # type: ignore[method-assign]
    return camera


def seen_part(value: str) -> gr.HTML:
    """Photos and warnings; events `choose` and `remove` with photo and face."""
    return gr.HTML(
        value,
        html_template='<section class="fpp-card fpp-seen" aria-label="What was seen"></section>',
        js_on_load=_script("seen.js"),
        elem_id="fpp-seen",
        apply_default_css=False,
    )


def head_part(value: str) -> gr.HTML:
    """Heads in 3D."""
    return gr.HTML(
        value,
        html_template=(
            '<div class="fpp-plot" tabindex="0" role="application" aria-label="3D head" hidden>'
            '</div><p class="fpp-hint" hidden>Drag to turn it, or use the arrow keys.</p>'
            '<p class="fpp-empty" aria-live="polite"></p>'
        ),
        head=f'<script src="{PLOTLY_PATH}"></script>',
        js_on_load=_script("head_view.js"),
        elem_id="fpp-head",
        apply_default_css=False,
    )


def sliders_part(value: str) -> gr.HTML:
    """Sliders to move by hand; event `input`."""
    return gr.HTML(
        value,
        html_template='<section class="fpp-card fpp-sliders" aria-label="Sliders"></section>',
        js_on_load=_script("slider_panel.js"),
        elem_id="fpp-sliders",
        apply_default_css=False,
    )


def file_part() -> gr.HTML:
    """Nothing to see; gives the browser a file to save."""
    return gr.HTML(
        "",
        html_template="<span></span>",
        js_on_load=_script("saved_file.js"),
        elem_id="fpp-file",
        elem_classes="fpp-unseen",
        apply_default_css=False,
    )
