from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.zoo import shared_data

SCRIPT = Path(__file__).parents[2] / "examples" / "orbit_embedding.py"


def scores(table: str) -> dict[str, float]:
    rows = [line.split("|") for line in table.splitlines() if "±" in line]
    return {row[1].strip(): float(row[2].split("±")[0]) for row in rows}


def test_digits_without_a_download(script, tmp_path) -> None:
    out = tmp_path / "table.md"
    script("--orbits", "1,0,0", "1,1,2", "--dim", "16", "--window", "3", "--runs", "2",
           "--out", str(out))
    found = scores(out.read_text(encoding="utf-8"))
    assert list(found) == ["walks (RWPMI)", "orbits (1; 0,0)", "orbits (1; 1,2)", "all orbits",
                           "walks + all orbits"]
    # Ten classes: chance is 10. A neighbour in this graph mostly shows the same digit.
    assert min(found.values()) > 60


def test_real_airports(script, tmp_path) -> None:
    shutil.copytree(shared_data("pyg", "Airports", "brazil"),
                    tmp_path / "pyg" / "Airports" / "brazil")
    out = tmp_path / "table.md"
    script("--dataset", "airports-brazil", "--root", str(tmp_path), "--orbits", "2,9,10",
           "--dim", "32", "--runs", "4", "--out", str(out))
    assert min(scores(out.read_text(encoding="utf-8")).values()) > 30  # chance is 25


def test_several_labels_a_node(script, tmp_path) -> None:
    """Files as BlogCatalog's: two groups that overlap, edges mostly inside them."""
    rng = np.random.default_rng(0)
    member = np.stack([np.arange(80) < 50, np.arange(80) >= 40], axis=1)
    same = (member[:, None] & member).any(-1)
    u, v = np.nonzero(np.triu(rng.random((80, 80)) < np.where(same, 0.3, 0.02), 1))
    folder = tmp_path / "networks" / "social" / "BlogCatalog"
    folder.mkdir(parents=True)
    np.savetxt(folder / "edges.csv", np.stack([u, v], 1) + 1, fmt="%d", delimiter=",")
    np.savetxt(folder / "group-edges.csv", np.argwhere(member) + 1, fmt="%d", delimiter=",")
    out = tmp_path / "table.md"
    script("--dataset", "blogcatalog", "--root", str(tmp_path), "--orbits", "1,0,0", "--dim", "8",
           "--runs", "2", "--out", str(out))
    assert min(scores(out.read_text(encoding="utf-8")).values()) > 75


def test_blogcatalog_asks_for_its_folder(script) -> None:
    with pytest.raises(SystemExit, match="--root"):
        script("--dataset", "blogcatalog")
