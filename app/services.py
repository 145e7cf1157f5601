"""The services of the page, loaded once for all visitors: one per models folder and rig."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from app.service import HeadService


@dataclass(frozen=True)
class Settings:
    """What a service is made of; None for what comes with the program or was fetched."""

    models: Path | None = None
    rig: Path | None = None


class Services:
    """Loads services in threads of their own, once each. Use `with` or `close()`.

    Args:
        first: what is loaded at once.
        load: makes one.
    """

    def __init__(self, first: Settings, load: Callable[[Settings], HeadService]) -> None:
        self.first = first
        self._load = load
        self._lock = threading.Lock()
        self._loaded: dict[Settings, Future[HeadService]] = {}
        self._future(first)

    def _future(self, settings: Settings) -> Future[HeadService]:
        """Of a service that is loaded or loading; one that failed is tried again."""
        with self._lock:
            future = self._loaded.get(settings)
            if future is None or (future.done() and future.exception() is not None):
                future = self._loaded[settings] = Future()
                threading.Thread(target=self._work, args=(settings, future), daemon=True).start()
            return future

    def _work(self, settings: Settings, future: Future[HeadService]) -> None:
        try:
            future.set_result(self._load(settings))
        except BaseException as error:
            future.set_exception(error)

    def get(self, settings: Settings) -> HeadService:
        """The service, as soon as it is loaded. Raises what loading raised."""
        return self._future(settings).result()

    def when_loaded(self, told: Callable[[BaseException | None], None]) -> None:
        """Calls `told` with None when the first one is loaded, or with what loading raised."""
        self._future(self.first).add_done_callback(lambda future: told(future.exception()))

    def close(self) -> None:
        """Closes all."""
        with self._lock:
            loaded = list(self._loaded.values())
            self._loaded.clear()
        for future in loaded:
            future.add_done_callback(_close)

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _close(future: Future[HeadService]) -> None:
    if future.exception() is None:
        future.result().close()
