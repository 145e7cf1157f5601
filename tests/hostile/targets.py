"""What the fuzzer attacks: loaders, files that they read, and the errors they may raise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import installed_portrait

ROOT = Path(__file__).parents[2]
_MODEL_NAMES = ("head.npz", "landmarks.json", "landmarks.tflite")


@dataclass(frozen=True)
class Target:
    """One loader.

    share: how many of 1,000 inputs it gets.
    make: fills a folder with whole files; returns the names of those to damage.
    load: reads the folder after the named file was damaged.
    errors: module and name of the exceptions that refuse a file.
    may_crash: whether a crash is known and behind another check.
    """

    name: str
    share: int
    make: Callable[[Path], list[str]]
    load: Callable[[Path, str], object]
    errors: tuple[str, ...]
    may_crash: bool = False


def _photos(folder: Path) -> list[str]:
    from PIL import Image, ImageOps

    with Image.open(installed_portrait()) as opened:
        face = opened.convert("RGB").resize((96, 112))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769).update({0xA405: 35, 0xA002: 96, 0xA003: 112})
    grey = face.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    clear = face.copy()
    clear.putalpha(grey)
    moving: dict[str, Any] = {"save_all": True, "append_images": [ImageOps.mirror(face)]}
    moving_clear = moving | {"append_images": [ImageOps.mirror(clear)]}
    seeds: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("plain.jpg", face, {"exif": exif}),
        ("progressive.jpg", face, {"progressive": True, "exif": exif}),
        ("cmyk.jpg", face.convert("CMYK"), {}),
        ("plain.png", face, {"exif": exif}),
        ("deep.png", deep, {}),
        ("palette.png", face.quantize(64), {"transparency": 3}),
        ("clear.png", clear, {}),
        ("plain.webp", face, {"exif": exif}),
        ("clear.webp", clear, {"lossless": True, **moving_clear}),
        ("plain.tif", face, {"exif": exif}),
        ("lzw.tif", face, {"compression": "tiff_lzw", "exif": exif}),
        ("deflate.tif", deep, {"compression": "tiff_adobe_deflate"}),
        ("jpeg.tif", face, {"compression": "jpeg"}),
        ("float.tif", Image.fromarray(np.asarray(grey, np.float32)), {}),
        ("moving.gif", face.quantize(64), moving),
        ("plain.bmp", face, {}),
        ("palette.bmp", face.quantize(64), {}),
        ("plain.avif", face, {"exif": exif, "speed": 10}),
        ("clear.avif", clear, {"speed": 10, **moving_clear}),
        ("plain.ppm", face, {}),
    ]
    for name, image, options in seeds:
        image.save(folder / name, **options)
    return [name for name, _, _ in seeds]


def _read_photo(folder: Path, name: str) -> object:
    from vision.photos import read_photo

    read_photo(folder / name, enough_side=40)
    return read_photo(folder / name, maximum_side=64, content=(folder / name).read_bytes())


def _models(folder: Path) -> list[str]:
    for name in (*_MODEL_NAMES, "landmarks.moments.npz"):
        shutil.copyfile(ROOT / "models" / "face_landmarker" / name, folder / name)
    return [*_MODEL_NAMES, "landmarks.moments.npz"]


def _load_models(folder: Path, name: str) -> object:
    from regression.models.model_files import load_model
    from regression.models.moments_file import load_moments

    load_moments(folder, "landmarks")
    return load_model(folder, "landmarks")


def _forged(folder: Path) -> list[str]:
    return [name for name in _models(folder) if not name.endswith("tflite")]


def _sign(folder: Path) -> None:
    from regression.models.fingerprints import sign
    from regression.models.model_files import ModelError

    try:
        sign(folder)
    except (ValueError, RecursionError) as error:  # the card itself was damaged
        raise ModelError(str(error)) from error


def _load_forged(folder: Path, name: str) -> object:
    _sign(folder)
    return _load_models(folder, name)


def _networks(folder: Path) -> list[str]:
    _models(folder)
    return ["landmarks.tflite"]


def _run_forged(folder: Path, name: str) -> object:
    from regression.models.model_files import load_model
    from vision.features import feature_names

    _sign(folder)
    model = load_model(folder, "landmarks")
    width = len(feature_names("landmarks", model.landmarker))
    try:
        return model.predict(np.zeros((2, width), np.float32))
    except RuntimeError as error:  # LiteRT's own
        from regression.models.model_files import ModelError

        raise ModelError(str(error)) from error


def _fits(folder: Path) -> list[str]:
    for name in ("head.npz", "fit.npz", "fit.json"):
        shutil.copyfile(ROOT / "models" / name, folder / name)
    return ["head.npz", "fit.npz", "fit.json"]


def _load_fit(folder: Path, name: str) -> object:
    from regression.models.fitted_model import load_fit

    _sign(folder)
    return load_fit(folder)


def _kerases(folder: Path) -> list[str]:
    shutil.copyfile(
        ROOT / "models" / "face_landmarker" / "landmarks.keras", folder / "landmarks.keras"
    )
    (folder / "landmarks.json").write_text("{}")
    return ["landmarks.keras"]


def _load_keras(folder: Path, name: str) -> object:
    from regression.models.model_files import load_keras, read_card

    _sign(folder)
    return load_keras(folder, "landmarks", read_card(folder, "landmarks"))


def _makehuman(folder: Path) -> list[str]:
    from tests.rig.tiny_rig import write_tiny_makehuman

    write_tiny_makehuman(folder)
    kinds = (".obj", ".target", ".json", ".mhclo")
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix in kinds)


def _read_makehuman(folder: Path, name: str) -> object:
    from rig import makehuman_files as files

    path = folder / name
    if path.suffix == ".obj":
        return files.read_mesh(path)
    if path.suffix == ".target":
        return files.read_target(path, 4000)
    if path.suffix == ".mhclo":
        return files.read_proxy(path, 4000)
    return files.read_modifiers(path)


def _load_makehuman(folder: Path, name: str) -> object:
    from rig.makehuman import load_expressions, load_makehuman

    return load_expressions(folder, load_makehuman(folder))


def _glbs(folder: Path) -> list[str]:
    from tests.rig.gltf_samples import glb_bytes, random_sample, simple_sample

    random = np.random.default_rng(1)
    for number in range(6):
        sample = random_sample(random)[0] if number else simple_sample()
        blob = bytes(sample.blob)
        sample.document["buffers"] = [{"byteLength": len(blob)}]
        text = json.dumps(sample.document).encode()
        (folder / f"{number}.glb").write_bytes(glb_bytes(text, blob))
        (folder / f"{number}.bin").write_bytes(blob)
        sample.document["buffers"] = [{"byteLength": len(blob), "uri": f"{number}.bin"}]
        (folder / f"{number}.gltf").write_text(json.dumps(sample.document))
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".bin")


def _load_head(folder: Path, name: str) -> object:
    from rig.head_files import read_source_head

    return read_source_head(folder if name.endswith(".obj") else folder / name)


def _objs(folder: Path) -> list[str]:
    random = np.random.default_rng(2)
    points = random.normal(size=(30, 3))
    (folder / "skin.mtl").write_text("newmtl skin\nKd 0.8 0.6 0.5\nd 1\nnewmtl eye\nKd 1 1 1\n")
    for name in ("neutral", "smile", "frown"):
        rows = points if name == "neutral" else points + 0.05 * random.normal(size=points.shape)
        lines = ["mtllib skin.mtl", *(f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in rows)]
        lines += ["usemtl skin", *(f"f {n} {n + 1} {n + 2}" for n in range(1, 20))]
        lines += ["usemtl eye", *(f"f {n}/1 {n + 1}/1 -1/1 -2" for n in range(20, 27))]
        (folder / f"{name}.obj").write_text("\n".join(lines) + "\n")
    return ["neutral.obj", "smile.obj", "frown.obj"]


def _prepared(folder: Path) -> list[str]:
    from rig.correspondence import Correspondence
    from rig.prepared_rig import PreparedRig, save_prepared
    from rig.rig import Rig, Slider

    random = np.random.default_rng(3)
    neutral = random.normal(size=(40, 3))
    triangles = random.integers(0, 40, (60, 3))
    offsets = random.normal(size=(4, 40, 3)).astype(np.float32)
    rig = Rig(
        name="small",
        licence="CC0-1.0",
        sliders=tuple(Slider(f"slider{n}", -1, 1) for n in range(4)),
        neutral=neutral,
        triangles=triangles,
        negative=-offsets,
        positive=offsets,
        parts=np.zeros(60),
        regions={"lips": np.full(40, 0.5)},
    )
    landmarks = Correspondence(
        triangles[random.integers(0, 60, 478)].astype(np.int32),
        random.dirichlet(np.ones(3), 478).astype(np.float32),
    )
    prepared = PreparedRig(
        rig, ("smile",), offsets[:1], (("smile_L", "smile_R"),), landmarks, np.eye(4), {}
    )
    save_prepared(prepared, folder / "prepared.npz")
    return ["prepared.npz"]


def _load_prepared(folder: Path, name: str) -> object:
    from rig.prepared_rig import load_prepared

    prepared = load_prepared(folder / name)
    return prepared.head.landmarks(np.zeros(len(prepared.rig.sliders)))


def _mhms(folder: Path) -> list[str]:
    from rig.mhm import write_mhm
    from rig.rig import Slider

    sliders = [Slider(f"group/slider{n}-decr|incr", -1, 1) for n in range(9)]
    write_mhm(folder / "face.mhm", sliders, np.linspace(-1, 1, 9), "Anna", ["made by a test"])
    return ["face.mhm"]


def _load_mhm(folder: Path, name: str) -> object:
    from rig.mhm import read_mhm
    from rig.rig import Slider

    return read_mhm(folder / name, [Slider(f"group/slider{n}-decr|incr", -1, 1) for n in range(9)])


def _tables(folder: Path) -> list[str]:
    import pandas as pd

    from vision.features import feature_names

    random = np.random.default_rng(4)
    names = (*feature_names("landmarks"), "a slider", "another")
    table = pd.DataFrame(random.random((12, len(names))).astype(np.float32), columns=list(names))
    table.insert(0, "face", [f"face {n}" for n in range(len(table))])
    table.to_csv(folder / "faces.csv", index=False)
    for kind in ("zstd", "snappy", "none"):
        stream = BytesIO()
        table.to_parquet(stream, compression=None if kind == "none" else kind)  # type: ignore[call-overload]
        (folder / f"{kind}.parquet").write_bytes(stream.getvalue())
    return ["faces.csv", "zstd.parquet", "snappy.parquet", "none.parquet"]


def _load_table(folder: Path, name: str) -> object:
    from regression.datasets.tables import examples_from_table, read_table

    return examples_from_table(read_table(folder / name), "landmarks", ("a slider", "another"))


_MODEL_ERRORS = ("regression.models.model_files.ModelError", "rig.rig.RigError")
_RIG_ERRORS = ("rig.rig.RigError",)

TARGETS = (
    Target("photos", 420, _photos, _read_photo, ("vision.photos.PhotoError",)),
    Target("models", 60, _models, _load_models, _MODEL_ERRORS),
    Target("models, card forged", 90, _forged, _load_forged, _MODEL_ERRORS),
    Target("networks, card forged", 40, _networks, _run_forged, _MODEL_ERRORS, may_crash=True),
    Target("rig fits, card forged", 40, _fits, _load_fit, _MODEL_ERRORS),
    Target("Keras files, card forged", 5, _kerases, _load_keras, _MODEL_ERRORS),
    Target("MakeHuman files", 60, _makehuman, _read_makehuman, _RIG_ERRORS),
    Target("MakeHuman folders", 5, _makehuman, _load_makehuman, _RIG_ERRORS),
    Target("glTF files", 80, _glbs, _load_head, _RIG_ERRORS),
    Target("OBJ folders", 40, _objs, _load_head, _RIG_ERRORS),
    Target("prepared rigs", 40, _prepared, _load_prepared, _RIG_ERRORS),
    Target("character files", 20, _mhms, _load_mhm, _RIG_ERRORS),
    Target("tables", 100, _tables, _load_table, ("regression.datasets.tables.TableError",)),
)
