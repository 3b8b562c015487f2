"""The file that tests of several commands read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import LINES


@pytest.fixture
def edges(tmp_path: Path) -> Path:
    path = tmp_path / "edges.txt"
    path.write_text(LINES)
    return path
