"""`fpp rig inspect` and `fpp rig train` in processes of their own, on rigs nobody knows."""

from __future__ import annotations

import csv
import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exports.glb_file import HeadMesh, write_rig_glb
from regression.datasets.samples import shipped_samples
from rig.gltf_head import read_gltf_head
from rig.landmark_head import load_landmark_head
from scripts.main import main
from tests.rig.disguised import Disguised, stranger
from tests.rig.gltf_samples import Sample, primitive_of, simple_sample
from tests.rig.tiny_rig import write_tiny_makehuman

ROOT = Path(__file__).parents[2]
MEGABYTES = 700  # more than the program and any small file need
FEW = ("--faces", 400, "--epochs", 30)
HEAD = shipped_samples() / "head_1.png"

# Runs the command and says on the last line how much memory it took, in megabytes. On Linux the
# usual count includes what the process that started this one had; VmHWM does not.
MEASURED = """
import re, resource, sys
from pathlib import Path
from scripts.main import main
code = main(sys.argv[1:])
status = Path("/proc/self/status")
if status.exists():
    most = int(re.search("VmHWM: *([0-9]+)", status.read_text().replace(chr(9), " "))[1]) / 2**10
else:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(most, file=sys.stderr)
raise SystemExit(code)
"""


def run(*arguments: object, measured: bool = False) -> subprocess.CompletedProcess[str]:
    start = ["-c", MEASURED] if measured else ["-m", "scripts.main"]
    command = [sys.executable, *start, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if "OpenGL did not start" in done.stderr:
        pytest.skip(done.stderr)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rigs")


@pytest.fixture(scope="module")
def disguised(folder: Path) -> Disguised:
    return stranger(write_tiny_makehuman(folder / "data"))


@pytest.fixture(scope="module")
def head_file(folder: Path, disguised: Disguised) -> Path:
    return disguised.write_glb(folder / "Hero.glb")


@pytest.fixture(scope="module")
def models(folder: Path, head_file: Path) -> tuple[Path, str]:
    """A models folder trained for the head, and what was printed."""
    done = run("rig", "train", head_file, "--out", folder / "models", *FEW)
    assert done.returncode == 0, done.stderr
    return folder / "models", done.stdout


def test_inspect_prints_the_table_and_writes_pictures(
    folder: Path, head_file: Path, disguised: Disguised
) -> None:
    out = folder / "inspected"
    done = run("rig", "inspect", head_file, "--out", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Hero.glb: ")
    assert "up is +x, it looks to +y" in lines[1]
    assert [line for line in lines if re.match(r"\S.* \(\d+ targets\)$", line)] == [
        "Shape (21 targets)",
        "Expression (3 targets)",
        "Left out (2 targets)",
    ]
    for name in disguised.mesh.targets:
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert re.search(r" moves +\d+\.\d %, ", line)
    assert f"{out}:" in done.stdout
    names = lines[-1].strip().split(", ")
    assert set(names) == {path.name for path in out.iterdir()}
    pictures = [name for name in names if name.endswith(".png")]
    assert pictures == ["neutral.png", "landmarks.png", "sliders_1.png"]
    for name in pictures:
        with Image.open(out / name) as picture:
            assert np.ptp(np.asarray(picture)) > 100
    rows = list(csv.DictReader((out / "sliders.csv").open(encoding="utf-8")))
    assert [row["name"] for row in rows] == list(disguised.mesh.targets)


def no_targets(sample: Sample) -> None:
    del primitive_of(sample)["targets"]


def cyclic_nodes(sample: Sample) -> None:
    sample.document["nodes"][0]["children"] = [sample.add("nodes", {"children": [0]})]


def large_accessor(sample: Sample) -> None:
    sample.document["accessors"][0]["count"] = 2**31 // 12


def large_view(sample: Sample) -> None:
    sample.document["bufferViews"][0]["byteLength"] = 2**31


def many_targets(sample: Sample) -> None:
    sample.document["accessors"][0] |= {"count": 4_000_000}
    del sample.document["accessors"][0]["bufferView"]
    primitive_of(sample)["targets"] = [{"POSITION": 0}] * 4000


CHANGED: dict[str, tuple[Callable[[Sample], None], str]] = {
    "no morph targets": (no_targets, "has no morph targets"),
    "cyclic nodes": (cyclic_nodes, "ancestors"),
    "an accessor of 2 GB": (large_accessor, "as count of accessor 0"),
    "a view of 2 GB": (large_view, "as byteLength of bufferView 0"),
    "targets of 192 GB": (many_targets, "4000 morph targets on 4000000 vertices"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_broken_rig_is_one_line_on_stderr(tmp_path: Path, case: str) -> None:
    change, message = CHANGED[case]
    sample = simple_sample()
    change(sample)
    refused(tmp_path, sample.written(tmp_path / "head.glb"), message)


def refused(tmp_path: Path, path: Path, message: str) -> None:
    done = run("rig", "inspect", path, "--out", tmp_path / "out", measured=True)
    assert done.returncode == 1
    assert done.stdout == ""
    error, memory = done.stderr.splitlines()
    assert error.startswith(f"error: {path} ")
    assert re.search(message, error)
    assert "xpected" in error
    assert float(memory) < MEGABYTES
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("length", [0, 10, 21, 200, -1])
def test_a_truncated_file_is_one_line_on_stderr(tmp_path: Path, length: int) -> None:
    path = simple_sample().written(tmp_path / "head.glb")
    path.write_bytes(path.read_bytes()[:length])
    refused(tmp_path, path, "bytes|empty|truncated|cut|GLB")


@pytest.mark.parametrize("place", [8, 12], ids=["the file", "its JSON"])
def test_a_header_that_claims_2_gb_is_one_line_on_stderr(tmp_path: Path, place: int) -> None:
    path = simple_sample().written(tmp_path / "head.glb")
    content = bytearray(path.read_bytes())
    content[place : place + 4] = struct.pack("<I", 2**31)
    path.write_bytes(content)
    refused(tmp_path, path, "2147483648|2,147,483,648")


def test_a_ball_has_no_face(tmp_path: Path) -> None:
    side = 24
    across, up = np.meshgrid(np.linspace(0, 2 * np.pi, side), np.linspace(-1.5, 1.5, side))
    points = np.stack(
        [np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)], axis=-1
    ).reshape(-1, 3)
    at = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    triangles = np.concatenate(
        [np.stack([at, at + 1, at + side + 1], 1), np.stack([at, at + side + 1, at + side], 1)]
    )
    ball = HeadMesh(
        "ball",
        "test only",
        points.astype(np.float32),
        triangles,
        np.zeros(len(triangles), np.uint8),
        ("skin",),
        {"swell": points.astype(np.float32)},
    )
    write_rig_glb(tmp_path / "ball.glb", ball)
    done = run("rig", "inspect", tmp_path / "ball.glb", "--out", tmp_path / "out")
    assert done.returncode == 1
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert "No face was found on" in error
    assert "ball.glb" in error
    assert not (tmp_path / "out").exists()


def test_other_files_and_missing_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "head.fbx").write_bytes(b"Kaydara")
    for name in ("none.glb", "head.fbx", "."):
        refused(tmp_path, tmp_path / name, "xpected")


@pytest.mark.parametrize(
    "wrong",
    [
        ["inspect"],
        ["inspect", "head.glb", "--out", __file__],
        ["train", "head.glb"],
        ["train", "head.glb", "--out", __file__],
        ["train", "head.glb", "--out", "out", "--faces", "399"],
        ["train", "head.glb", "--out", "out", "--epochs", "0"],
        ["train", "head.glb", "--out", "out", "--processes", "0"],
        ["train", "head.glb", "--out", "out", "--seed", "-1"],
    ],
)
def test_wrong_usage_exits_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["rig", *wrong])
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_train_ends_with_models_and_a_report(models: tuple[Path, str], head_file: Path) -> None:
    folder, printed = models
    lines = printed.splitlines()
    assert any("min left" in line or " s left" in line for line in lines)
    assert lines[-1].startswith("Finished after ")
    assert lines[-1].endswith(str(folder / "report.md"))
    assert (folder / "rig" / "head.glb").read_bytes() == head_file.read_bytes()
    head = load_landmark_head(folder / "head.npz")
    assert (head.rig, head.licence, len(head.sliders)) == ("Hero", "test only", 9)
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    assert figures["heads"]["train"]["rendered"] == 400
    assert figures["heads"]["test"]["rendered"] == 50
    # 400 heads are few; they still tell more than the average face does.
    assert figures["routes"]["fused"]["surface"]["head"]["similarity"]["ratio"] < 0.8


def test_a_finished_training_says_so(models: tuple[Path, str], head_file: Path) -> None:
    folder, _ = models
    before = (folder / "fused.tflite").stat().st_mtime_ns
    done = run("rig", "train", head_file, "--out", folder, *FEW)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder} is finished already.\n"
    assert (folder / "fused.tflite").stat().st_mtime_ns == before


def test_another_rig_in_the_same_folder_is_refused(
    models: tuple[Path, str], disguised: Disguised, tmp_path: Path
) -> None:
    folder, _ = models
    other = disguised.write_glb(tmp_path / "Hero.glb")
    other.write_bytes(other.read_bytes().replace(b"HeadOval", b"HeadOvum"))
    done = run("rig", "train", other, "--out", folder, *FEW)
    assert done.returncode == 1
    (error,) = done.stderr.splitlines()
    assert error.startswith(f"error: {folder} holds models made with other settings: the rig")
    assert "expected" in error
    assert "--out" in error


def test_the_trained_models_predict_and_export_the_head(
    models: tuple[Path, str], head_file: Path, tmp_path: Path
) -> None:
    folder, _ = models
    options = ("--models", folder, "--rendered", "--no-overlay", "--out", tmp_path)
    done = run("predict", HEAD, *options, "--export", "json,glb,glb-baked,obj")
    assert done.returncode == 0, done.stderr
    assert "Faces predicted: 1." in done.stdout
    content = json.loads((tmp_path / "head_1.json").read_text(encoding="utf-8"))
    assert content["rig"] == "Hero"
    source, shaped = read_gltf_head(head_file), read_gltf_head(tmp_path / "head_1.glb")
    assert shaped.targets == source.targets
    np.testing.assert_array_equal(shaped.offsets, source.offsets)
    head = load_landmark_head(folder / "head.npz")
    weights: dict[str, float] = {}
    for slider in head.sliders:
        unit = content["sliders"][slider.name]["unit"]
        weights |= slider.written(float(slider.from_unit(unit)))
    written = dict(zip(shaped.targets, shaped.weights.tolist(), strict=True))
    for name in source.targets:
        assert written[name] == pytest.approx(weights.get(name, 0), abs=1e-4)
    assert max(written.values()) > 0.01
    baked = (tmp_path / "head_1_baked.glb").read_bytes()
    assert b"targetNames" not in baked
    assert (tmp_path / "head_1.obj").read_text(encoding="utf-8").startswith("# ")


def test_makehumans_files_are_refused_for_another_rig(
    models: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = models
    options = ("--models", folder, "--rendered", "--out", tmp_path / "out")
    done = run("predict", HEAD, *options, "--export", "json,mhm")
    assert done.returncode == 1
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert ".mhm" in error
    assert "Hero" in error
    assert "Export json or glb instead" in error
    assert not list(tmp_path.glob("out/*.mhm"))
