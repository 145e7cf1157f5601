"""How the page looks: plain, in the computer's own fonts, light or dark as the system is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio.themes import Base

# Fonts of a name would be looked for outside.
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
FIXED_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def page_theme() -> Base:
    """Gradio's plainest theme with blue for what can be pressed, without fonts from outside."""
    from gradio.themes import Base, colors, sizes

    theme = Base(
        primary_hue=colors.blue,
        secondary_hue=colors.blue,
        neutral_hue=colors.slate,
        text_size=sizes.text_md,
        radius_size=sizes.radius_md,
        font=FONTS,
        font_mono=FIXED_FONTS,
    )
    return theme.set(
        body_background_fill="#f5f6f8",
        body_background_fill_dark="#101318",
        body_text_color="#1b2027",
        body_text_color_dark="#eef2f7",
        body_text_color_subdued="#596373",
        body_text_color_subdued_dark="#a4aebc",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1a1e25",
        background_fill_secondary="#f5f6f8",
        background_fill_secondary_dark="#161a20",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1a1e25",
        border_color_primary="#d5dae1",
        border_color_primary_dark="#363d48",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="#596373",
        block_label_text_color_dark="#a4aebc",
        button_primary_background_fill="#0b63a8",
        button_primary_background_fill_hover="#084f88",
        button_primary_background_fill_dark="#2a7fc4",
        button_primary_background_fill_hover_dark="#3a8fd4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#e8ebf0",
        button_secondary_background_fill_hover="#dbe0e8",
        button_secondary_background_fill_dark="#2a303a",
        button_secondary_background_fill_hover_dark="#363d48",
    )


_HEAD = """
<meta name="color-scheme" content="light dark">
<style>
  /* Gradio hides what is wider than its page, and with that ends the stickiness of the head. */
  @media (max-width: 760px) {
    .gradio-container { overflow: clip visible !important; padding: 8px 10px 20px !important; }
  }
</style>
"""


def page_head() -> str:
    """What stands in the page's head: style that Gradio would confine to its inner parts."""
    return _HEAD


def page_style() -> str:
    """The page's own CSS."""
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
