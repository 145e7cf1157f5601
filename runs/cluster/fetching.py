"""Bytes of photos from addresses, fetched ahead of the networks that wait for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from runs.marks import PhotoMark

MAXIMUM_BYTES = 500_000_000
"""Larger files are not fetched."""

_THREADS = 4
_BYTES_AHEAD = 64_000_000


class FetchError(Exception):
    """A photo cannot be fetched. The message names it, what was expected and what to do."""


def fetch_ahead(
    marks: Sequence[PhotoMark], seconds: float
) -> Iterator[tuple[PhotoMark, bytes | FetchError]]:
    """Each photo with its bytes, or why there are none, in order.

    marks: of photos at addresses, see `runs.cluster.addresses.is_address`.
    seconds: how long to wait for each.
    """
    waiting: deque[tuple[PhotoMark, Future[bytes]]] = deque()
    remaining = deque(marks)
    pool = ThreadPoolExecutor(_THREADS, "fetch")
    try:
        while waiting or remaining:
            while remaining and (
                not waiting
                or len(waiting) < 2 * _THREADS
                and sum(mark.size for mark, _ in waiting) + remaining[0].size < _BYTES_AHEAD
            ):
                mark = remaining.popleft()
                waiting.append((mark, pool.submit(_fetch, mark)))
            mark, coming = waiting.popleft()
            try:
                yield mark, coming.result(seconds)
            except FetchError as error:
                yield mark, error
            except TimeoutError:
                yield mark, FetchError(_sentence(mark, f"it did not come within {seconds:.0f} s"))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch(mark: PhotoMark) -> bytes:
    import fsspec

    try:
        with fsspec.open(mark.path, "rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError as error:
        raise FetchError(_sentence(mark, "there is no such file")) from error
    except Exception as error:  # each file system raises its own
        raise FetchError(_sentence(mark, str(error) or type(error).__name__)) from error
    if len(content) > MAXIMUM_BYTES:
        raise FetchError(
            f"{mark.path} is larger than {MAXIMUM_BYTES // 1_000_000} MB: expected a photo; save a "
            "smaller copy."
        )
    return bytes(content)


def _sentence(mark: PhotoMark, why: str) -> str:
    return (
        f"{mark.path} cannot be fetched ({why}): expected a photo that every machine of the "
        "cluster may read; check the address and its permissions."
    )
