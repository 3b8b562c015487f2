"""The limit on memory is kept, by what the kernel of the system says of a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphlocal.graph import read
from tests.graph.streaming.small import contents

# Peaks of the process before the conversion, during it, and again with ten times the limit. Peaks
# are reset in between, and first a small list has everything compiled and loaded.
_CODE = """
import sys
from graphlocal.graph import convert_file
from graphlocal.kernels.cpu.parallel import set_num_threads

def field(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":")) * 1024

def convert(target, memory):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = field("VmRSS")
    convert_file(source, f"{folder}/{target}", memory=memory, weight=False)
    print(field("VmHWM") - before)

source, folder = sys.argv[1:]
set_num_threads(2)
convert_file(b"1 5\\n5 9\\n", f"{folder}/warm", memory="16MB")
convert("small", "16MB")
convert("large", "2GB")
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="no /proc")
def test_limit_is_kept(tmp_path: Path) -> None:
    """1M edges need 60 MB where they are held, and 16 MB where that is the limit."""
    ends = np.random.default_rng(0).integers(0, 300_000, (1_000_000, 2)) * 2
    file = tmp_path / "edges"
    file.write_bytes("\n".join(f"{u}\t{v}" for u, v in ends.tolist()).encode())
    done = subprocess.run([sys.executable, "-c", _CODE, str(file), str(tmp_path)],
                          capture_output=True, text=True, check=True)
    small, large = map(int, done.stdout.split())
    assert small < 24 * 10**6 < 48 * 10**6 < large
    read(file, weight=False).save(tmp_path / "read")
    files = contents(tmp_path / "read")
    assert files == contents(tmp_path / "small") == contents(tmp_path / "large")
