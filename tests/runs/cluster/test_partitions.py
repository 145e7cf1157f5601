from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra [cluster] is not installed")

import pyarrow

from runs.cluster.errors import ClusterError
from runs.cluster.partitions import Partitions


@pytest.mark.parametrize("start", ["", "file://", "memory://"])
def test_what_is_written_can_be_listed_read_replaced_and_removed(
    start: str, tmp_path: Path
) -> None:
    partitions = Partitions(f"{start}{tmp_path}/out/parts")
    assert partitions.names() == []
    partitions.make()
    table = pyarrow.table({"photo": ["a", "b"], "mark_size": [1, 2]})
    partitions.write_table("b.parquet", table.slice(0, 1))
    partitions.write_table("b.parquet", table)
    partitions.write("a.json", b"{}")
    assert partitions.names() == ["a.json", "b.parquet"]
    assert partitions.read("a.json") == b"{}"
    assert partitions.read("c.json") is None
    assert partitions.read_table("b.parquet") == table
    assert partitions.read_table("b.parquet", ("photo",)) == table.select(["photo"])
    partitions.remove(["b.parquet"])
    assert partitions.names() == ["a.json"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClusterError, match="cannot be written"):
        Partitions(f"{tmp_path}/file/parts").make()
