"""What is launched compiles for devices, none of which need be here. The interpreter takes code
that a compiler refuses: variables that change their type in a loop, for one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

triton = pytest.importorskip("triton")

from triton.backends import backends  # noqa: E402
from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.compiler import ASTSource  # noqa: E402
from triton.runtime.jit import JITFunction, mangle_type  # noqa: E402

pytestmark = [
    pytest.mark.skipif("nvidia" not in backends, reason="triton is built for other devices"),
    pytest.mark.skipif("TRITON_INTERPRET" in os.environ, reason="triton interprets"),
    pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION"),
]


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Any, dict[str, Any]]]:
    """Kernels that would run, and what they would get."""
    found = []

    def note(self: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> None:
        found.append((self, {**dict(zip(self.arg_names, args, strict=False)), **kwargs}))

    monkeypatch.setattr(JITFunction, "run", note)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    return found


def compile_all(launches: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    """Compiles as a launch would, which takes 1 and nothing at all for constants."""
    names = []
    for kernel, given in launches:
        places = {p.name: (p.num,) for p in kernel.params}
        fixed = {p.name for p in kernel.params
                 if p.is_constexpr or given[p.name] is None or (not p.do_not_specialize and (
                     type(given[p.name]), given[p.name]) == (int, 1))}
        signature = {n: "constexpr" if n in fixed else mangle_type(given[n]) for n in places}
        options = {name: value for name, value in given.items() if name not in places}
        done = triton.compile(
            ASTSource(kernel, signature, {places[n]: given[n] for n in fixed}),
            target=GPUTarget("cuda", 80, 32), options=options)
        assert done.asm["cubin"]
        names.append(kernel.__name__)
    return names


def scan(rows: int, channels: int, states: int, groups: int, full: bool) -> Callable[[], None]:
    def launch() -> None:
        from graphlocal.kernels.gpu import selective_scan, selective_scan_backward

        x, given = torch.zeros(rows, channels), torch.zeros(channels) if full else None
        at_ends = torch.zeros(1, channels, states) if full else None
        A = torch.zeros(channels, states)
        B = torch.zeros(rows, groups, states)
        inputs = (x, x, A, B, B if full else A, given, x if full else None, given,
                  torch.tensor([0, rows]), at_ends)
        _, _, kept = selective_scan.scan(*inputs, full, (False, full), full, True)
        selective_scan_backward.scan_backward(*inputs, kept, x, at_ends, full, (False, full))

    return launch


def attention() -> None:
    from graphlocal.kernels.gpu import attention
    from graphlocal.ops import as_adjacency

    adjacency = as_adjacency(torch.tensor([[0, 1], [2, 2]]), 3)
    q, bias = torch.zeros(3, 2, 5), torch.zeros(2, 2)
    out, base = attention.attend(*adjacency[:3], q, q, q, bias, 1.0)
    attention.attend_backward(*adjacency, q, q, q, bias, out, base, q, 1.0, True, True)


@pytest.mark.parametrize(("launch", "expected"), [
    (scan(300, 40, 5, 1, True),
     ["_forward", "carry_on", "_forward", "_adjoint", "carry_on", "_backward"]),
    (scan(5, 1, 1, 1, False), ["_forward", "_backward"]),
    (attention, ["_forward", "_backward_rows", "_backward_columns"]),
], ids=["scan", "one channel", "attention"])
def test_compiles(launches, launch: Callable[[], None], expected: list[str]) -> None:
    launch()
    assert compile_all(launches) == expected
