"""A photo as the picture of a camera that is not there."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

SIZE = (640, 480)


def write_camera_video(photo: Path, path: Path, frames: int = 10) -> Path:
    """A still video in MJPEG, which Chromium plays for ever in the place of a camera.

    Its flags for it: see `camera_flags`.
    """
    with Image.open(photo) as opened:
        picture = ImageOps.pad(opened.convert("RGB"), SIZE)
    with path.open("wb") as file:
        for _ in range(frames):
            picture.save(file, "JPEG", quality=92, subsampling="4:2:0")
    return path


def camera_flags(video: Path) -> tuple[str, ...]:
    """What tells Chromium to take a video for the camera."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )
