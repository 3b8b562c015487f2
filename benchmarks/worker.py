"""One peer in a process of its own; the harness starts it and speaks to it over pipes."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def _memory(field: str) -> float:
    """Megabytes of a field of /proc/self/status; the peak of the whole process elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ready() -> float:
    """Megabytes that lie ready for our large tensors, which are extra when filled again."""
    buffers = sys.modules.get("graphlocal.ops.buffers")
    return buffers.kept() / 2**20 if buffers else 0.0


def _extra_memory(call: Callable[[], Any]) -> float:
    """Megabytes that a call needs beyond what there was before it.

    What earlier calls gave back lies ready in the process, and would serve this one unseen: it goes
    back to the system first. Then the call has to touch new memory, so its time says nothing.
    """
    gc.collect()
    if "graphlocal.ops.buffers" in sys.modules:
        sys.modules["graphlocal.ops.buffers"].release()
    with contextlib.suppress(AttributeError, OSError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    before = _memory("VmRSS")
    result = call()
    peak = max(0.0, _memory("VmHWM") - before)
    del result
    return peak


def _plain(result: dict[str, Any] | None) -> dict[str, np.ndarray]:
    plain = {}
    for key, value in (result or {}).items():
        plain[key] = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    return plain


def main() -> None:
    module, case_name, peer_name = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not reach the harness

    def answer(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    cases = importlib.import_module(f"benchmarks.{module}").cases()
    case = next(c for c in cases if c.name == case_name)
    peer = next(p for p in case.peers if p.name == peer_name)
    absent = [name for name in peer.needs if importlib.util.find_spec(name) is None]
    if absent:
        answer(missing=f"{', '.join(absent)} is not installed")
        return
    call = peer.setup(case.inputs())
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(os.environ["GRAPHLOCAL_NUM_THREADS"]))
    answer(ready=True)
    peak = 0.0
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "result":
            np.savez(message["path"], **_plain(call()))  # also the warm-up: everything is compiled
            call = None  # with the gradients and the weights it may hold
            call = peer.setup(case.inputs())
            peak = _extra_memory(call)
            answer(done=True)
            continue
        gc.collect()
        start = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - start
        answer(seconds=seconds, peak=peak)
        del result


if __name__ == "__main__":
    main()
