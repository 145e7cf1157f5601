"""Programs that are measured: their cores, their processes' memory, their failures."""

from __future__ import annotations

import ast
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from runs.benchmark.machine import BenchmarkError, cores_for, machine_words, usable_cores
from runs.benchmark.timed_program import our_program, run_timed

_HOLD = "b = bytearray(200_000_000); import time; time.sleep(1.5)"


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.skipif(not usable_cores(), reason="the system cannot hold a program to cores")
def test_a_program_and_its_children_have_the_given_cores_and_this_one_keeps_its_own() -> None:
    before = os.sched_getaffinity(0)
    inner = "import os; print(sorted(os.sched_getaffinity(0)))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    done = run_timed(_python(code), cores_for(1))
    assert ast.literal_eval(done.output) == list(cores_for(1))
    assert len(cores_for(1)) == 1
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
def test_memory_of_all_processes_is_added_up() -> None:
    one = run_timed(_python(_HOLD)).peak_megabytes
    code = (
        "import subprocess, sys\n"
        f"both = [subprocess.Popen([sys.executable, '-c', {_HOLD!r}]) for _ in range(2)]\n"
        "[process.wait() for process in both]"
    )
    two = run_timed(_python(code)).peak_megabytes
    assert one is not None
    assert 200 < one < 300
    assert two is not None
    assert 400 < two < 600


def test_computing_is_counted_and_waiting_is_not() -> None:
    busy = run_timed(_python("import time\nwhile time.process_time() < 1: pass"))
    idle = run_timed(_python("import time; time.sleep(1)"))
    assert busy.cpu_seconds is not None
    assert idle.cpu_seconds is not None
    assert busy.cpu_seconds >= 1 > idle.cpu_seconds
    assert idle.seconds >= 1


def test_a_program_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(BenchmarkError, match=r"ended with code 3, saying: no photos here"):
        run_timed(_python("import sys; print('no photos here', file=sys.stderr); sys.exit(3)"))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="the system has no process groups")
def test_stopped_by_ctrl_c_it_leaves_no_process(tmp_path: Path) -> None:
    file = tmp_path / "process"
    inner = (
        "import os, pathlib, time; "
        f"pathlib.Path({str(file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"

    def press() -> None:
        while not file.is_file() or not file.read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press, daemon=True)
    # Tests that run in the background ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run_timed(_python(code))
    finally:
        signal.signal(signal.SIGINT, before)
    for _ in range(100):
        if not _is_running(int(file.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("a process of the program runs on")


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One whose parent has ended may wait to be collected.
    status = Path(f"/proc/{process}/stat")
    return not status.is_file() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_our_program_runs_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "usage: fpp" in run_timed(our_program("scripts.main", "--help")).output


def test_more_processes_than_cores_are_refused() -> None:
    if usable_cores():
        with pytest.raises(BenchmarkError, match="A core for each"):
            cores_for(len(usable_cores()) + 1)


def test_the_machine_is_described_without_its_name() -> None:
    import platform

    words = machine_words()
    assert "core" in words
    assert platform.python_version() in words
    assert platform.node() not in words.split()
