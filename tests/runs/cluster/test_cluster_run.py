"""Jobs on a real Ray cluster on this computer: a head without processors, and two machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra [cluster] is not installed")

import pyarrow
import pyarrow.parquet
import ray
from PIL import Image

from exports.tables import write_predictions
from regression.prediction.prediction import Failure, Prediction
from runs.cluster.cluster_run import run_on_cluster
from runs.plan import RunPlan
from tests.conftest import SAMPLES, installed_portrait
from vision.photos import find_photos

_STORE = '''
import os, signal
from fsspec.implementations.local import LocalFileSystem

class Store(LocalFileSystem):
    """Files under another protocol, one of which ends the process that opens it."""

    protocol = "store"

    @classmethod
    def _strip_protocol(cls, path):
        return LocalFileSystem._strip_protocol(str(path).removeprefix("store://"))

    def unstrip_protocol(self, name):
        return f"store://{name}"

    def _open(self, path, mode="rb", **kwargs):
        if path.endswith("deadly.png") and mode == "rb":
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._open(path, mode, **kwargs)
'''
_PLAN = RunPlan(out=Path("out"), overlay=False, quick=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Connected, with the file system store:// known to every process of it."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "test_store.py").write_text(_STORE)
    package = folder / "test_store-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: test-store\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[fsspec.specs]\nstore = test_store.Store\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(folder))
    patch.syspath_prepend(str(folder))
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("OPENBLAS_NUM_THREADS", "1")
    import fsspec.registry
    from ray.cluster_utils import Cluster

    fsspec.register_implementation("store", "test_store.Store", clobber=True)
    small = {"object_store_memory": 100_000_000, "include_dashboard": False}
    noticing = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
    head = {"num_cpus": 0, "_system_config": noticing, **small}
    started = Cluster(initialize_head=True, head_node_args=head)
    started.machines = [  # type: ignore[attr-defined]
        started.add_node(num_cpus=1, object_store_memory=100_000_000) for _ in range(2)
    ]
    ray.init(address=started.address, logging_level="error", log_to_driver=False)
    try:
        yield started
    finally:
        ray.shutdown()
        started.shutdown()
        patch.undo()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small portraits, all different, and files that are none."""
    folder = tmp_path_factory.mktemp("photos")
    heads = [installed_portrait(), *find_photos([SAMPLES])]
    for number in range(40):
        with Image.open(heads[number % len(heads)]) as head:
            side = 200 + 2 * number
            head.convert("RGB").resize((side, side)).save(folder / f"head {number}.jpg")
    Image.new("RGB", (64, 64), "grey").save(folder / "nobody.png")
    (folder / "no picture.jpg").write_bytes(b"text")
    (folder / "é\n.jpg").write_bytes(b"")
    return folder


def _local_table(photos: Sequence[Path], out: Path) -> None:
    """What one process writes, without a run: the tables of the photos' predictions."""
    out.mkdir()
    results = list(_PLAN.open_predictor().predict(photos))
    predictions = [result for result in results if isinstance(result, Prediction)]
    failures = [result for result in results if isinstance(result, Failure)]
    write_predictions(out, predictions, failures)


def _assert_same_tables(one: Path, other: Path) -> None:
    assert (one / "failures.csv").read_bytes() == (other / "failures.csv").read_bytes()
    tables = [
        pyarrow.parquet.read_table(folder / "predictions.parquet").drop_columns(["made"])
        for folder in (one, other)
    ]
    assert tables[0].equals(tables[1])


def test_a_lost_machine_changes_nothing(cluster: object, photos: Path, tmp_path: Path) -> None:
    given = [*find_photos([photos]), tmp_path / "missing.jpg"]
    _local_table(given, tmp_path / "local")
    lost = threading.Event()
    done = 0

    def report(count: int, faces: int, reasons: Sequence[str]) -> None:
        nonlocal done
        done += count
        if done > len(given) // 5 and not lost.is_set():
            lost.set()
            cluster.remove_node(cluster.machines.pop(), allow_graceful=False)  # type: ignore[attr-defined]

    out = tmp_path / "out"
    summary = run_on_cluster(_PLAN, [str(path) for path in given], str(out), "auto", report)

    assert lost.is_set()
    assert summary.photos == done == len(given)
    assert summary.failures == 4
    _assert_same_tables(tmp_path / "local", out)
    started = time.monotonic()
    while sum(node["Alive"] for node in ray.nodes()) > 2:  # the head, and the one that stays
        assert time.monotonic() < started + 60, "the cluster did not notice its loss"
        time.sleep(0.1)
    assert not list(out.rglob("*.partial"))

    again = run_on_cluster(_PLAN, [str(path) for path in given], str(out), "auto")
    assert (again.photos, again.before) == (len(given), len(given))
    assert (again.faces, again.failures) == (summary.faces, summary.failures)


def test_addresses_and_photos_that_end_their_process(cluster: object, photos: Path) -> None:
    # After the test above: on the one machine that is left.
    folder = photos.with_name("stored photos")
    folder.mkdir(exist_ok=True)
    for path in find_photos([photos])[::6]:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "deadly.png").write_bytes((SAMPLES / "head_1.png").read_bytes())
    count = len(find_photos([folder]))
    given = [f"store://{folder}", "store:///nowhere/at all.jpg"]
    out = photos.with_name("stored results")

    summary = run_on_cluster(_PLAN, given, f"store://{out}", "auto")

    assert summary.photos == count + 1
    table = _partitions(out)
    assert sorted(table["photo"].to_pylist()) == sorted(
        [*(f"store://{path}" for path in find_photos([folder])), given[1]]
    )
    reasons = dict(zip(table["photo"].to_pylist(), table["reason"].to_pylist(), strict=True))
    assert reasons[given[1]].startswith(f"{given[1]} cannot be fetched (there is no such file)")
    deadly = f"store://{folder}/deadly.png"
    assert reasons[deadly].startswith(f"{deadly} could not be predicted (the process that read it")
    assert summary.failures == sum(reason is not None for reason in reasons.values())
    assert summary.faces == len(table) - summary.failures

    # Another photo has come, one has changed, one is gone: only what is new is done again.
    (folder / "deadly.png").unlink()
    (folder / "new.png").write_bytes((SAMPLES / "head_2.png").read_bytes())
    find_photos([folder])[0].write_bytes((SAMPLES / "head_3.png").read_bytes())
    again = run_on_cluster(_PLAN, given, f"store://{out}", "auto")
    assert again.photos == count + 1
    assert again.before == again.photos - 2
    table = _partitions(out)
    assert sorted(table["photo"].to_pylist()) == sorted(
        [*(f"store://{path}" for path in find_photos([folder])), given[1]]
    )
    assert again.failures == len(table) - table["reason"].null_count
    assert again.faces == table["reason"].null_count


def _partitions(out: Path) -> pyarrow.Table:
    return pyarrow.parquet.read_table(out / "parts")
