"""Names must be unique whatever the photos are called, because files are written under them."""

from __future__ import annotations

import os
import random
from itertools import product
from pathlib import Path

import pytest

from exports.names import face_name, output_names, path_text


def test_photos_of_one_folder_keep_their_names():
    photos = [Path("in/b.jpg"), Path("in/a.b.png"), Path("in/.hidden"), Path("in/no type")]
    assert list(output_names(photos).values()) == ["b", "a.b", ".hidden", "no type"]


def test_equal_names_get_as_much_of_their_path_as_tells_them_apart():
    photos = ["a/anna.jpg", "b/anna.jpg", "b/c/bob.jpg", "d/c/bob.jpg", "b/eve.jpg", "b/eve.png"]
    names = output_names(map(Path, photos))
    assert list(names.values()) == [
        "a_anna",
        "b_anna",
        "b_c_bob",
        "d_c_bob",
        "eve_jpg",
        "eve_png",
    ]


def test_the_second_face_of_one_photo_does_not_overwrite_another_photo():
    names = output_names([Path("anna.jpg"), Path("anna_face2.jpg"), Path("anna_overlay.jpg")])
    files = {face_name(name, number) for name in names.values() for number in (1, 2, 3)}
    files |= {f"{name}_overlay" for name in names.values()}
    assert len(files) == 3 * 3 + 3


@pytest.mark.parametrize("seed", range(30))
def test_names_are_unique_plain_and_do_not_depend_on_order(seed):
    chance = random.Random(seed)
    folders = ["a", "A", "a_a", "a/a", "a/a_a", "b/a", "b/.a"]
    files = ["a.jpg", "A.JPG", "a_a.jpg", "a.png", "a", "a_2.jpg", "a_face2.jpg", "a_jpg.jpg"]
    everything = [Path(folder) / file for folder, file in product(folders, files)]
    photos = chance.sample(everything, chance.randint(1, len(everything)))
    names = output_names(photos)
    assert list(names) == photos
    assert len({name.casefold() for name in names.values()}) == len(photos)
    assert all(name and os.sep not in name for name in names.values())


def test_paths_that_are_the_same_when_joined_still_differ():
    photos = [Path("/x_y/z_a.jpg"), Path("/x/y_z/a.jpg"), Path("/q/a.jpg"), Path("/q/z_a.jpg")]
    names = output_names([*photos, Path("/x/y/z_a.jpg"), Path("/x/y/z/a.jpg")])
    assert len(set(names.values())) == 6


def test_text_of_a_path_is_valid_utf8_and_keeps_what_is():
    assert path_text(Path("Æ 李.jpg")) == "Æ 李.jpg"
    assert path_text(Path(os.fsdecode(b"\xff.jpg"))) == r"\xff.jpg"
