"""The operators of additive attention keep torch's rules, and compile into one graph."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graphlocal import ops
from tests.ops.graphs import close, draw, zoo
from tests.ops.test_additive_attention import KINDS, attend, gradients, operands


def operator_calls() -> Any:
    edge_index, num_nodes = zoo("duplicates")
    graph, num_edges = ops.as_adjacency(edge_index, num_nodes), edge_index.shape[1]
    score, x = draw(num_nodes, 2).requires_grad_(), draw(num_nodes, 2, 3).requires_grad_()
    seed, edges, att = torch.tensor([3, 4]), draw(num_edges, 2), draw(2, 3).requires_grad_()
    edge = draw(num_edges, 2, 3, seed=1).requires_grad_()
    yield "gat_attention", "", (*graph, score, score, x, edges, None, 0.2, 0.0)
    yield "gat_attention", "dropout", (*graph, score, None, x, None, seed, 0.2, 0.5)
    yield "gat_attention_backward", "", (
        *graph, *(t.detach() for t in (score, score, x)), edges, None, draw(num_nodes, 2, 3),
        draw(num_nodes, 2, 2), draw(num_nodes, 2, 3, seed=2), 0.2, 0.0)
    yield "gatv2_attention", "", (*graph, x, x, att, edge, None, None, 0.2, 0.0)
    yield "gatv2_attention", "dropout", (*graph, x, x, att, None, draw(num_nodes, 2, 4), seed,
                                         0.2, 0.5)
    for of_edge in (False, True):
        yield "gatv2_attention_backward", f"of edges: {of_edge}", (
            *graph, *(t.detach() for t in (x, x, att, edge)), None, seed, draw(num_nodes, 2, 3),
            draw(num_nodes, 2, 2), draw(num_nodes, 2, 3, seed=2), of_edge, 0.2, 0.5)


CALLS = {(name, case): arguments for name, case, arguments in operator_calls()}


@pytest.mark.parametrize(("name", "case"), list(CALLS))
def test_opcheck(name: str, case: str) -> None:
    torch.library.opcheck(getattr(torch.ops.graphlocal, name).default, CALLS[name, case])


@pytest.mark.parametrize("kind", [KINDS[2], KINDS[4]])
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_one_graph(kind: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    torch._dynamo.reset()
    edge_index, num_nodes = zoo("hub")
    compiled = torch.compile(attend, fullgraph=True, backend="aot_eager")
    results = []
    for function in (attend, compiled):
        tensors = operands(kind, num_nodes, num_nodes, edge_index.shape[1], 2, 3)
        out = function(edge_index, tensors)
        results.append([out.detach(), *gradients(out, tensors)])
    for a, b in zip(*results, strict=True):
        close(a, b)
    torch._dynamo.reset()
