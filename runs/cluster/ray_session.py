"""Ray, quietly: connected to a cluster or started here, and shut down after."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from runs.cluster.errors import ClusterError
from runs.run import available_cores

LOCAL = "local"
"""The address that means: start Ray on this computer, for this job."""

_OBJECT_STORE_BYTES = 200_000_000  # only names and counts go through it
_KNOCK_SECONDS = 10
_LOGGERS = ("ray", "ray.data", "ray.serve", "ray.train", "ray.tune")


def check_installed() -> None:
    """Raises ClusterError without the packages of the extra [cluster]."""
    try:
        # Found and not imported: what the environment tells Ray is set before.
        missing = find_spec("ray") is None or find_spec("fsspec") is None
    except ValueError:  # what was imported in a broken way
        missing = True
    if missing:
        raise ClusterError(
            "Ray is not installed. It was expected for a run on a cluster. Install it with: "
            "pip install 'face-parameters-predictor[cluster]'"
        )


@contextmanager
def ray_session(address: str) -> Iterator[None]:
    """Connected inside. Where this process is connected to Ray already, that is used and kept.

    address: of a cluster's head, HOST:PORT; "auto" for the one of this machine; or LOCAL.

    Raises ClusterError where Ray does not answer.
    """
    # Before Ray is imported: it would report its use over the network.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # For the processes started here: numpy's threads only get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what Ray's C++ code prints
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a warning about GPUs
    import ray

    if ray.is_initialized():
        with _quiet():
            yield
        return
    quietly: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    try:
        _knock(address)
        with _nothing_printed():
            if address == LOCAL:
                ray.init(
                    num_cpus=available_cores(),
                    object_store_memory=_OBJECT_STORE_BYTES,
                    include_dashboard=False,
                    **quietly,
                )
            else:
                ray.init(address=address, **quietly)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"Ray at {address} does not answer ({str(error).splitlines()[0]}). The address of a "
            f"running cluster was expected, HOST:PORT, or {LOCAL!r} to start one on this computer. "
            "Check it with `ray status`."
        ) from error
    try:
        with _quiet():
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError where nobody listens: Ray itself waits minutes for an answer."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_SECONDS).close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray's own lines stay in its log files: what matters is told by the job."""
    from ray.data import DataContext

    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    context = DataContext.get_current()
    bars = context.enable_progress_bars
    context.enable_progress_bars = False
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            # `max_task_retries` has no other way into Ray Data yet than one that it will drop.
            warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
            yield
    finally:
        context.enable_progress_bars = bars
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Nothing reaches stderr inside, not even from C++ code; exceptions do."""
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
