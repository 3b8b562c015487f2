"""Kernels as triton's interpreter runs them give what their definitions give."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
@pytest.mark.parametrize(("name", "cases"), [("interpreted", 9), ("interpreted_scan", 13)])
def test_values_and_gradients(name: str, cases: int) -> None:
    """In a process of its own: triton reads whether to interpret when it is first imported."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", f"tests.kernels.gpu.{name}"], cwd=ROOT, text=True,
        capture_output=True, timeout=300, check=False,
        env={**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == cases, done.stdout
