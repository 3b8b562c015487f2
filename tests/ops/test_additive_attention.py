"""GAT's and GATv2's attention against their definitions, and against PyG's softmax by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.utils import softmax

from graphlocal import GraphError, ops
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops.additive_attention import reference
from graphlocal.ops.attention_dropout import weight_factors
from tests.ops.graphs import close, draw, zoo
from tests.zoo import ZOO, each_zoo_graph

KINDS = ("gat", "gat without targets", "gat with edges", "gatv2", "gatv2 with edges",
         "gatv2 with values")
each_kind = pytest.mark.parametrize("kind", KINDS)
SHAPES = [(1, 3), (4, 32), (3, 5)]


def operands(kind: str, num_src: int, num_dst: int, num_edges: int, heads: int, width: int,
             dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    shapes: dict[str, tuple[int, ...]]
    if kind.startswith("gatv2"):
        shapes = {"source": (num_src, heads, width), "target": (num_dst, heads, width),
                  "att": (heads, width)}
        if kind.endswith("edges"):
            shapes["edge"] = (num_edges, heads, width)
        if kind.endswith("values"):
            shapes["value"] = (num_src, heads, width + 2)
    else:
        shapes = {"source_score": (num_src, heads), "target_score": (num_dst, heads),
                  "v": (num_src, heads, width)}
        if kind.endswith("edges"):
            shapes["edge_score"] = (num_edges, heads)
        if kind.endswith("targets"):
            del shapes["target_score"]
    return {name: draw(*shape, dtype=dtype, seed=seed).requires_grad_()
            for seed, (name, shape) in enumerate(shapes.items())}


def attend(graph: Any, tensors: dict[str, Tensor], **options: Any) -> Tensor:
    if "att" in tensors:
        return ops.gatv2_attention(graph=graph, **tensors, **options)
    return ops.gat_attention(graph=graph, **{"target_score": None, **tensors}, **options)


def by_hand(edge_index: Tensor, num_dst: int, tensors: dict[str, Tensor], slope: float = 0.2,
            factors: Tensor | None = None) -> Tensor:
    """Messages per edge, as PyG makes them."""
    source, target = edge_index
    if "att" in tensors:
        z = tensors["source"][source] + tensors["target"][target]
        if "edge" in tensors:
            z = z + tensors["edge"]
        score = (torch.nn.functional.leaky_relu(z, slope) * tensors["att"]).sum(-1)
        v = tensors.get("value", tensors["source"])
    else:
        score, v = tensors["source_score"][source], tensors["v"]
        if "target_score" in tensors:
            score = score + tensors["target_score"][target]
        if "edge_score" in tensors:
            score = score + tensors["edge_score"]
        score = torch.nn.functional.leaky_relu(score, slope)
    weight = softmax(score, target, num_nodes=num_dst)
    if factors is not None:
        weight = weight * factors
    message = weight.unsqueeze(-1) * v[source]
    return message.new_zeros(num_dst, *message.shape[1:]).index_add(0, target, message)


def gradients(out: Tensor, tensors: dict[str, Tensor]) -> list[Tensor]:
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).view(out.shape).sin()
    return list(torch.autograd.grad((out * weights).sum(), tuple(tensors.values()),
                                    allow_unused=True, materialize_grads=True))


def assert_same(got: Tensor, want: Tensor, tensors: dict[str, Tensor]) -> None:
    close(got, want)
    for a, b in zip(gradients(got, tensors), gradients(want, tensors), strict=True):
        close(a, b)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["gat with edges", "gatv2 with edges"])
def test_a_row_whose_edges_all_have_the_score_of_a_mask(kind: str, dtype: torch.dtype) -> None:
    edge_index = torch.tensor([[0, 1, 2] * 30, [0] * 90])
    tensors = operands(kind, 3, 1, 90, 2, 4, dtype)
    with torch.no_grad():
        tensors["edge" if "v2" in kind else "edge_score"].fill_(-1e9 if dtype.itemsize == 4 else
                                                                -1e30)
        tensors.get("att", torch.ones(0)).fill_(1)
    name = "source" if "v2" in kind else "v"
    mine, plain = attend(edge_index, tensors), by_hand(edge_index, 1, tensors)
    close(mine, plain)
    close(*(torch.autograd.grad(out[..., 0].sum(), tensors[name])[0] for out in (mine, plain)))


@each_kind
@each_zoo_graph
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_zoo(kind: str, name: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes = zoo(name)
    for heads, width in SHAPES:
        tensors = operands(kind, num_nodes, num_nodes, edge_index.shape[1], heads, width)
        assert_same(attend(edge_index, tensors), by_hand(edge_index, num_nodes, tensors), tensors)


@each_kind
def test_float32_and_rows_longer_than_a_tile(kind: str) -> None:
    edge_index = torch.stack([torch.arange(300) % 90, torch.arange(300) // 200])
    tensors = operands(kind, 90, 90, 300, 4, 16, torch.float32)
    out = attend(edge_index, tensors)
    assert_same(out, by_hand(edge_index, 90, tensors), tensors)
    assert out.dtype is torch.float32


@each_kind
def test_bipartite(kind: str) -> None:
    if kind == "gat without targets":
        pytest.skip("the number of targets comes from their scores")
    edge_index = torch.tensor([[0, 6, 3, 3, 5], [2, 0, 2, 2, 1]])
    tensors = operands(kind, 7, 4, 5, 2, 3)
    assert_same(attend(edge_index, tensors), by_hand(edge_index, 4, tensors), tensors)
    adjacency = ops.as_adjacency(edge_index, 7, 4)
    close(attend(adjacency, tensors), by_hand(edge_index, 4, tensors))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_random_graphs(data: st.DataObject) -> None:
    num_src, num_dst = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    pair = st.tuples(st.integers(0, num_src - 1), st.integers(0, num_dst - 1))
    edges = data.draw(st.lists(pair, max_size=80))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    kind = data.draw(st.sampled_from([k for k in KINDS if "without" not in k]))
    heads, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 9))
    slope = data.draw(st.sampled_from([0.2, 0.0, 1.0, -0.5]))
    tensors = operands(kind, num_src, num_dst, len(edges), heads, width)
    got = attend(edge_index, tensors, negative_slope=slope)
    assert_same(got, by_hand(edge_index, num_dst, tensors, slope), tensors)


@each_kind
def test_second_gradient(kind: str) -> None:
    edge_index, num_nodes = zoo("duplicates")
    tensors = operands(kind, num_nodes, num_nodes, edge_index.shape[1], 2, 2)

    def call(*values: Tensor) -> Tensor:
        return attend(edge_index, dict(zip(tensors, values, strict=True)))

    assert torch.autograd.gradcheck(call, tuple(tensors.values()))
    assert torch.autograd.gradgradcheck(call, tuple(tensors.values()))


def test_second_gradient_of_a_tensor_in_two_places() -> None:
    edge_index, num_nodes = zoo("random")
    x, att = draw(num_nodes, 2, 3).requires_grad_(), draw(2, 3)

    def penalty(out: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(out.pow(2).sum(), x, create_graph=True)
        return torch.autograd.grad(slope.pow(2).sum(), x)[0]

    want = by_hand(edge_index, num_nodes, {"source": x, "target": x, "att": att})
    close(penalty(ops.gatv2_attention(x, x, att, edge_index)), penalty(want))


@each_kind
def test_dropout_is_that_of_the_definition(kind: str) -> None:
    edge_index, num_nodes = zoo("hub")
    num_edges, p = edge_index.shape[1], 0.4
    tensors = operands(kind, num_nodes, num_nodes, num_edges, 2, 3)
    seed = torch.randint(2**32, (2,), generator=torch.Generator().manual_seed(5))
    factors = weight_factors(seed, p, num_edges, 2, torch.float64)
    assert 0.2 < (factors == 0).double().mean() < 0.6
    got = attend(edge_index, tensors, dropout=p, generator=torch.Generator().manual_seed(5))
    assert_same(got, by_hand(edge_index, num_nodes, tensors, factors=factors), tensors)
    close(attend(edge_index, tensors, dropout=p, training=False),
          attend(edge_index, tensors))
    assert not attend(edge_index, tensors, dropout=1.0).any()


def test_dropout_draws_anew_and_keeps_means() -> None:
    edge_index = torch.stack([torch.arange(2000), torch.zeros(2000, dtype=torch.long)])
    tensors = {"source_score": torch.zeros(2000, 2), "target_score": torch.zeros(2000, 2),
               "v": torch.ones(2000, 2, 1)}
    torch.manual_seed(0)
    first = attend(edge_index, tensors, dropout=0.5)[0]
    second = attend(edge_index, tensors, dropout=0.5)[0]
    torch.manual_seed(0)
    assert torch.equal(attend(edge_index, tensors, dropout=0.5)[0], first)
    assert not torch.equal(first, second) and first[0] != first[1]
    # The mean of 2000 coins of value 0 or 2: four standard deviations are 0.09.
    torch.testing.assert_close(first, torch.ones(2, 1), atol=0.09, rtol=0)


@each_kind
def test_any_number_of_threads(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlocal.kernels.cpu import parallel

    edge_index, num_nodes = zoo("hub")
    tensors = operands(kind, num_nodes, num_nodes, edge_index.shape[1], 2, 3, torch.float32)
    monkeypatch.setattr(parallel.row_blocks, "__kwdefaults__", {"min_work": 8, "max_blocks": 99})
    results = []
    for count in (1, 2):
        set_num_threads(count)
        out = attend(edge_index, tensors)
        results.append([out, *gradients(out, tensors)])
    set_num_threads(None)
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)
    assert_same(attend(edge_index, tensors), by_hand(edge_index, num_nodes, tensors), tensors)


def test_masked_infinite_and_missing_scores() -> None:
    edge_index = torch.tensor([[0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]])
    score = torch.zeros(3, 1, dtype=torch.float64)
    v = torch.tensor([[[1.0]], [[3.0]], [[5.0]]], dtype=torch.float64)
    inf, nan = float("inf"), float("nan")
    edge_score = torch.tensor([[-inf], [0.0], [-inf], [-inf], [nan], [0.0]], dtype=torch.float64)
    edge_score.requires_grad_()
    for backend in ("cpu", "reference"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRAPHLOCAL_BACKEND", backend)
            out = ops.gat_attention(score, score, v, edge_index, edge_score).flatten()
            close(out, torch.tensor([3.0, 0.0, nan], dtype=torch.float64))
            (gradient,) = torch.autograd.grad(out[:2].sum(), edge_score)
            assert not gradient[:4].any()
    big = ops.gat_attention(score + 800, score, v, edge_index)
    close(big.flatten(), torch.full((3,), 2.0, dtype=torch.float64))


def test_dtypes_are_promoted() -> None:
    edge_index, num_nodes = zoo("random")
    score = torch.zeros(num_nodes, 1, dtype=torch.bfloat16)
    v = torch.randn(num_nodes, 1, 3)
    assert ops.gat_attention(score, score, v, edge_index).dtype is torch.float32
    short = ops.gat_attention(score, score, v.bfloat16(), edge_index)
    assert short.dtype is torch.bfloat16
    want = ops.gat_attention(score, score, v.bfloat16().float(), edge_index).bfloat16()
    assert torch.equal(short, want)
    x, att = v.half(), torch.ones(1, 3, dtype=torch.half)
    assert ops.gatv2_attention(x, x, att, edge_index).dtype is torch.half


def test_definitions_under_transforms() -> None:
    edge_index, num_nodes = zoo("random")
    tensors = operands("gatv2", num_nodes, num_nodes, edge_index.shape[1], 2, 3)
    x, target, att = (t.detach() for t in tensors.values())
    both = torch.func.vmap(lambda x: ops.gatv2_attention(x, target, att, edge_index))(
        torch.stack([x, 2 * x]))
    close(both[0], ops.gatv2_attention(x, target, att, edge_index))
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    close(reference.gatv2_attention(adjacency, 2 * x, target, att, None, 2 * x, 0.2, None), both[1])


@pytest.mark.parametrize(("change", "message"), [
    ({"v": torch.ones(3, 2)}, r"'v'.*\(3, 2\).*\(N_src, H, C\)"),
    ({"v": torch.ones(3, 2, 4).long()}, "'v'.*int64"),
    ({"v": [1.0]}, "'v'.*list"),
    ({"source_score": torch.ones(4, 2)}, r"'source_score'.*\(4, 2\).*\(3, 2\)"),
    ({"target_score": torch.ones(3, 1)}, r"'target_score'.*\(N_dst, 2\)"),
    ({"edge_score": torch.ones(3, 2)}, r"'edge_score'.*\(3, 2\).*\(2, 2\)"),
    ({"graph": torch.tensor([[0, 3], [1, 0]])}, "index 3"),
    ({"dropout": 1.5}, "'dropout'.*1.5"),
    ({"dropout": "a"}, "'dropout'"),
    ({"negative_slope": float("nan")}, "'negative_slope'"),
])
def test_bad_gat(change: dict[str, Any], message: str) -> None:
    arguments = {"source_score": torch.ones(3, 2), "target_score": torch.ones(3, 2),
                 "v": torch.ones(3, 2, 4), "graph": torch.tensor([[0, 1], [1, 2]])}
    with pytest.raises(GraphError, match=message):
        ops.gat_attention(**{**arguments, **change})


@pytest.mark.parametrize(("change", "message"), [
    ({"source": torch.ones(3, 8)}, r"'source'.*\(3, 8\)"),
    ({"target": torch.ones(3, 2, 5)}, r"'target'.*\(N_dst, 2, 4\)"),
    ({"att": torch.ones(1, 2, 4)}, r"'att'.*\(2, 4\)"),
    ({"edge": torch.ones(3, 2, 4)}, r"'edge'.*\(2, 2, 4\)"),
    ({"value": torch.ones(2, 2, 4)}, r"'value'.*\(3, 2, C_v\)"),
])
def test_bad_gatv2(change: dict[str, Any], message: str) -> None:
    arguments = {"source": torch.ones(3, 2, 4), "target": torch.ones(3, 2, 4),
                 "att": torch.ones(2, 4), "graph": torch.tensor([[0, 1], [1, 2]])}
    with pytest.raises(GraphError, match=message):
        ops.gatv2_attention(**{**arguments, **change})


def test_zoo_has_rows_without_edges() -> None:
    edge_index, num_nodes = zoo("isolated_tail")
    assert "isolated_tail" in ZOO
    tensors = operands("gatv2", num_nodes, num_nodes, edge_index.shape[1], 2, 3)
    assert not attend(edge_index, tensors)[3:].any()
