"""The command line as a user meets it: in processes of its own."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exports.character_files import KINDS
from rig.rig import RigError
from scripts import main as command_line
from scripts import predict

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "mediapipe", "cv2", "pandas", "pyarrow", "dlib", "numpy", "PIL")


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.main ...` in a process of its own."""
    command = [sys.executable, "-m", "scripts.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)


def test_building_every_parser_loads_nothing_heavy():
    code = (
        "import sys; from scripts.main import build_parser; build_parser().format_help();"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_script_is_a_command_and_says_what_it_does():
    modules = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__", "main"}
    assert set(command_line.COMMANDS) == modules
    overview = run("--help").stdout
    for name in command_line.COMMANDS:
        command = command_line.load_command(name)
        assert command.SUMMARY.endswith(".")
        assert "\n" not in command.SUMMARY
        assert command.SUMMARY in " ".join(overview.split())
        assert f"fpp {name}" in command.EXAMPLES


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_a_command_and_its_script_are_the_same(name):
    as_command = run(name, "--help")
    script = [sys.executable, f"scripts/{name}.py", "--help"]
    as_script = subprocess.run(script, capture_output=True, text=True, cwd=ROOT)
    assert as_command.returncode == as_script.returncode == 0
    assert as_script.stdout == as_command.stdout
    assert "examples:" in as_script.stdout


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_every_example_is_valid_usage(name):
    parser = command_line.build_parser()
    lines = command_line.load_command(name).EXAMPLES.splitlines()
    examples = [line.strip() for line in lines if line.strip().startswith("fpp ")]
    assert examples
    for example in examples:
        words = example.split("   ")[0].split()[1:]
        assert parser.parse_args(words).run is command_line.load_command(name).run


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["predict"],
        ["predict", "a.jpg", "--model", "magic"],
        ["predict", "a.jpg", "--export", "mhm,fbx"],
        ["predict", "a.jpg", "--out", __file__],
        ["rig"],
        ["rig", "fetch", "blender"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_why_on_stderr(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_version_is_that_of_the_package():
    from importlib.metadata import version

    assert run("--version").stdout == f"fpp {version('face-parameters-predictor')}\n"


def test_a_folder_without_photos_exits_with_1_and_writes_nothing(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    done = run("predict", str(photos), "--out", str(out))
    assert done.returncode == 1
    assert str(photos) in done.stderr
    assert not out.exists()


def test_the_choices_of_predict_are_those_of_the_library():
    # They are written twice so that --help need not import the library.
    assert predict.EXPORTS == KINDS


class Raising:
    """A command that ends with the exception it is given."""

    SUMMARY = "Fail."
    EXAMPLES = "  fpp raising\n"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        pass

    def run(self, arguments: argparse.Namespace) -> int:
        raise self.error


@pytest.fixture
def run_raising(monkeypatch):
    """Runs main() with one command that raises."""

    def run_it(error: BaseException) -> int:
        monkeypatch.setattr(command_line, "COMMANDS", ("raising",))
        monkeypatch.setattr(command_line, "load_command", lambda name: Raising(error))
        return command_line.main(["raising"])

    return run_it


def test_errors_for_the_user_are_one_line_and_exit_code_1(run_raising, capsys):
    assert run_raising(RigError("The rig is gone. Expected it there. Fetch it.")) == 1
    assert capsys.readouterr().err == "error: The rig is gone. Expected it there. Fetch it.\n"
    assert run_raising(PermissionError(13, "Permission denied", "out")) == 1
    assert "out" in capsys.readouterr().err


def test_defects_keep_their_traceback(run_raising):
    for defect in (ValueError("shape"), KeyError("name"), AssertionError()):
        with pytest.raises(type(defect)):
            run_raising(defect)


def test_control_c_says_so_in_one_line_and_exits_with_130(run_raising, capsys):
    assert run_raising(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "Stopped."
    assert run_raising(KeyboardInterrupt("after 3 of 9 photos")) == 130
    assert capsys.readouterr().err.strip() == "Stopped after 3 of 9 photos."


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(unbuffered):
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.main", "--version"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == b""
    assert process.returncode == 128 + signal.SIGPIPE
