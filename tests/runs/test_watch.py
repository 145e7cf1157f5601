"""A run that watches a folder takes what comes, once it has come whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest

from runs.run import Run
from runs.watch import watch


def test_new_and_changed_photos_are_predicted_when_they_stay_the_same(plan, photos) -> None:
    folder = photos[0].parent
    apart = folder.with_name("apart")
    folder.rename(apart)
    folder.mkdir()
    sources = [apart / photo.name for photo in photos]

    def looks() -> Iterator[list[Path]]:
        """What happens between the looks."""
        shutil.copyfile(sources[0], photos[0])
        yield sorted(folder.iterdir())  # sees it for the first time
        yield sorted(folder.iterdir())  # predicts it
        assert rows() == [str(photos[0])]
        photos[1].write_bytes(sources[1].read_bytes()[:100])
        yield sorted(folder.iterdir())
        assert rows() == [str(photos[0])]
        shutil.copyfile(sources[1], photos[1])  # the rest has come: it waits
        yield sorted(folder.iterdir())
        yield sorted(folder.iterdir())
        shutil.copyfile(sources[4], photos[0])  # changed
        yield sorted(folder.iterdir())
        yield sorted(folder.iterdir())
        photos[1].unlink()
        yield sorted(folder.iterdir())
        raise KeyboardInterrupt

    def rows() -> list[str]:
        return pandas.read_csv(plan.out / "predictions.csv")["photo"].tolist()

    found = looks()
    lines: list[str] = []
    with Run(plan, 1) as run, pytest.raises(KeyboardInterrupt):
        watch(run, lambda: next(found), 0.01, lines.append)
    assert lines == [
        "Photos: 1. Faces predicted: 1. Failures: 0; 1 photos in all.",
        "Photos: 1. Faces predicted: 1. Failures: 0; 2 photos in all.",
        "Photos: 1. Faces predicted: 1. Failures: 0; 2 photos in all.",
    ]
    assert rows() == [str(photos[0])]
