"""The results of a job as files in a folder or at an address, each there whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from runs.cluster.addresses import open_address
from runs.cluster.errors import ClusterError

if TYPE_CHECKING:
    import pyarrow


class Partitions:
    """A folder of files, at a path or an fsspec address. Every machine opens its own."""

    def __init__(self, place: str) -> None:
        """place: a path or an address. Raises ClusterError where it cannot be opened."""
        self._system, self._root = open_address(place)
        self.place = place
        self._local = "file" in (
            (self._system.protocol,)
            if isinstance(self._system.protocol, str)
            else self._system.protocol
        )

    def make(self) -> None:
        """Make the folder where it does not exist. Raises ClusterError where that fails."""
        try:
            self._system.makedirs(self._root, exist_ok=True)
        except Exception as error:  # each file system raises its own
            raise self._refused(error) from error

    def names(self) -> list[str]:
        """The files' names, sorted."""
        self._system.invalidate_cache()
        if not self._system.exists(self._root):
            return []
        paths = self._system.ls(self._root, detail=False)
        return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in paths)

    def remove(self, names: Sequence[str]) -> None:
        """Remove files."""
        for name in names:
            self._system.rm_file(self._path(name))

    def write(self, name: str, content: bytes) -> None:
        """Write one file, over one of the same name. Raises ClusterError where that fails."""
        path = self._path(name)
        try:
            if self._local:
                # Another process may write the same: one that is thought dead, and still lives.
                partial = self._path(f"{uuid.uuid4().hex[:8]}-{name}.partial")
                self._system.pipe_file(partial, content)
                os.replace(partial, path)
            else:  # object stores show a file when all of it has come
                self._system.pipe_file(path, content)
        except Exception as error:  # each file system raises its own
            raise self._refused(error) from error

    def write_table(self, name: str, table: pyarrow.Table) -> None:
        """Write one Parquet file. Raises ClusterError where that fails."""
        import pyarrow.parquet

        buffer = BytesIO()
        pyarrow.parquet.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        self.write(name, buffer.getvalue())

    def read(self, name: str) -> bytes | None:
        """One file's content; None where there is no such file."""
        path = self._path(name)
        return bytes(self._system.cat_file(path)) if self._system.exists(path) else None

    def read_table(self, name: str, columns: Sequence[str] | None = None) -> pyarrow.Table:
        """One Parquet file, or some of its columns. Raises pyarrow's and the storage's errors."""
        import pyarrow.parquet

        wanted = None if columns is None else list(columns)
        with self._system.open(self._path(name), "rb") as file:
            # With threads, one that waits for a file of Python's aborts the process at its end.
            return pyarrow.parquet.read_table(file, columns=wanted, use_threads=False)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _refused(self, error: Exception) -> ClusterError:
        return ClusterError(
            f"{self.place} cannot be written ({error}). A folder or an address was expected that "
            "every machine of the cluster may write to. Name another one with --out, or change "
            "its permissions."
        )
