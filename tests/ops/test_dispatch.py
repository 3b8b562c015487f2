"""Which backend is taken, who may say so, and what is said about it."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from graphlocal import GraphError, ops
from graphlocal.ops import dispatch
from tests.ops.graphs import zoo


@pytest.fixture
def fresh_probe():
    def clear() -> None:
        dispatch.probe_scatter.cache_clear()
        dispatch._decide.cache_clear()

    clear()
    yield
    clear()


def test_the_fastest_that_takes_the_tensor() -> None:
    assert dispatch.choose("spmm", "cpu", torch.float32, "max") == "cpu"
    assert dispatch.choose("spmm", "cpu", torch.bfloat16, "max") == "reference"
    assert dispatch.choose("segment_softmax", "xpu", torch.float32, "softmax") == "reference"


def test_forced(monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "reference")
    assert {c.backend for c in ops.explain()} == {"reference"}
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "cpu")
    assert dispatch.choose("spmm", "cpu", torch.float64, "sum") == "cpu"
    assert dispatch.choose("spmm", "cpu", torch.float16, "sum") == "reference"


def test_kernels_on_a_device(monkeypatch, fresh_probe) -> None:
    def asked(op: str, device: str, dtype: torch.dtype) -> tuple[str, str]:
        return dispatch._decide(op, device, dtype, "softmax", "")

    monkeypatch.setattr(dispatch, "_has_triton", lambda: True)
    for dtype in (torch.float32, torch.bfloat16):
        name, why = asked("neighbor_attention", "cuda", dtype)
        assert name == "gpu" and "dropout" in why
        assert asked("selective_scan", "cuda", dtype) == ("gpu", "triton kernels")
    assert asked("selective_scan", "cuda", torch.float64)[0] == "reference"
    assert asked("neighbor_attention", "cuda", torch.float64)[0] == "reference"
    assert asked("neighbor_attention", "xpu", torch.float32)[0] == "reference"
    assert asked("gatv2", "cuda", torch.float32)[0] != "gpu"
    assert asked("neighbor_attention", "cpu", torch.float32)[0] == "cpu"
    monkeypatch.setattr(dispatch, "_has_triton", lambda: False)
    dispatch._decide.cache_clear()
    name, why = asked("neighbor_attention", "cuda", torch.float32)
    assert name == "reference" and "graphlocal[gpu]" in why
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "gpu")
    with pytest.raises(GraphError, match="graphlocal\\[gpu\\]"):
        dispatch.choose("neighbor_attention", "cuda", torch.float32, "softmax")


@pytest.mark.parametrize("name", ["gpu9", "torch", "cpu,scatter"])
def test_an_unknown_name_is_an_error(name, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", name)
    edge_index, num_nodes = zoo("random")
    known = "'?cpu'?, '?gpu'?, '?reference"
    with pytest.raises(GraphError, match=f"GRAPHLOCAL_BACKEND.*'{name}'.*{known}"):
        ops.spmm(edge_index, torch.zeros(num_nodes, 2))


@pytest.mark.parametrize("broken", [ImportError("none"), OSError("undefined symbol"), "empty",
                                    "wrong"])
def test_a_broken_torch_scatter_is_reported_not_used(broken, monkeypatch, fresh_probe) -> None:
    if isinstance(broken, Exception):
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "torch_scatter":
                    raise broken

        monkeypatch.delitem(sys.modules, "torch_scatter", raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    else:
        module = types.ModuleType("torch_scatter")
        if broken == "wrong":
            module.segment_csr = lambda x, ptr, reduce: torch.zeros(3)
        monkeypatch.setitem(sys.modules, "torch_scatter", module)
    module, why = dispatch.probe_scatter()
    assert module is None and "pip install" in why
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "scatter")
    with pytest.raises(GraphError, match=r"GRAPHLOCAL_BACKEND.*'scatter'.*pip install"):
        ops.explain()
    monkeypatch.delenv("GRAPHLOCAL_BACKEND")
    taken = {c.backend for c in ops.explain() if c.op in ("spmm", "segment_reduce") and (
        c.dtype != "bfloat16")}
    assert taken == {"cpu"}


def test_explain_prints_a_line_per_choice() -> None:
    choices = ops.explain()
    text = str(choices)
    assert len(text.splitlines()) == len(choices)
    assert any(c.op == "spmm" and c.backend == "cpu" and c.reason for c in choices)
    assert any(c.dtype == "bfloat16" and c.backend == "reference" for c in choices)
    assert {c.op for c in choices} == set(dispatch.OPS)
