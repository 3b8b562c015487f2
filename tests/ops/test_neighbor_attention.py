"""Attention over neighbours against its definition: values, every gradient, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal import GraphError, ops
from graphlocal.kernels.cpu import attention as kernel
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops.attention_dropout import draw_seed, weight_factors
from graphlocal.ops.neighbor_attention import reference
from tests.ops.graphs import close, draw, each_dtype, zoo
from tests.zoo import each_zoo_graph

NAMES = ("q", "k", "v", "bias", "edge_key", "edge_value")


def operands(num_src: int, num_dst: int, num_edges: int, heads: int = 2, width: int = 3,
             value_width: int = 4, dtype: torch.dtype = torch.float64, extra: bool = True,
             ) -> dict[str, torch.Tensor]:
    shapes = {"q": (num_dst, heads, width), "k": (num_src, heads, width),
              "v": (num_src, heads, value_width)}
    if extra:
        shapes |= {"bias": (num_edges, heads), "edge_key": (num_edges, heads, width),
                   "edge_value": (num_edges, heads, value_width)}
    return {name: draw(*shape, dtype=dtype, seed=number).requires_grad_()
            for number, (name, shape) in enumerate(shapes.items())}


def attend(given: dict[str, torch.Tensor], graph, **more) -> list[torch.Tensor]:
    """What comes out, and the gradient of everything given."""
    q, k, v, *_ = given.values()
    edges = {name: x for name, x in given.items() if name not in "qkv"}
    out = ops.neighbor_attention(q, k, v, graph, **edges, **more)
    upper = draw(*out.shape, dtype=out.dtype, seed=9)
    return [out.detach(), *torch.autograd.grad(out, list(given.values()), upper)]


def both(given, graph, monkeypatch, **more) -> None:
    fast = attend(given, graph, **more)
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "reference")
    slow = attend(given, graph, **more)
    monkeypatch.delenv("GRAPHLOCAL_BACKEND")
    for a, b in zip(fast, slow, strict=True):
        close(a, b)


@each_zoo_graph
@each_dtype
@pytest.mark.parametrize("extra", [False, True])
def test_values_and_gradients(name, dtype, extra, monkeypatch) -> None:
    edge_index, num_nodes = zoo(name)
    given = operands(num_nodes, num_nodes, edge_index.shape[1], dtype=dtype, extra=extra)
    both(given, edge_index, monkeypatch)


@pytest.mark.parametrize(("width", "value_width"), [(1, 1), (8, 16), (16, 7), (33, 40), (0, 2)])
def test_channels_of_any_number(width, value_width, monkeypatch) -> None:
    edge_index, num_nodes = zoo("random")
    given = operands(num_nodes, num_nodes, edge_index.shape[1], 3, width, value_width)
    both(given, edge_index, monkeypatch, scale=0.3)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_bipartite_multigraph(data) -> None:
    num_src, num_dst = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    pair = st.tuples(st.integers(0, num_src - 1), st.integers(0, num_dst - 1))
    edges = data.draw(st.lists(pair, max_size=30))
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t().contiguous()
    with pytest.MonkeyPatch.context() as patch:
        both(operands(num_src, num_dst, len(edges)), edge_index, patch)


def test_against_torch_on_a_complete_graph() -> None:
    count, heads = 6, 2
    given = operands(count, count, 0, heads, 4, 4, extra=False)
    edge_index = torch.cartesian_prod(torch.arange(count), torch.arange(count)).t()
    out = ops.neighbor_attention(*given.values(), edge_index)
    # Every node attends to all: torch's own attention, heads first.
    q, k, v = (x.transpose(0, 1) for x in given.values())
    close(out, torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(0, 1))


def test_a_row_longer_than_a_run_whose_maximum_grows(monkeypatch) -> None:
    count = 5 * kernel.RUN + 7
    edge_index = torch.stack([torch.arange(count), torch.zeros(count, dtype=torch.long)])
    given = operands(count, 2, count)
    with torch.no_grad():
        given["bias"].add_(torch.linspace(-300, 300, count).unsqueeze(-1))
        given["bias"][: kernel.RUN] = -torch.inf  # a first run of which nothing is left
    both(given, edge_index, monkeypatch)


def test_a_hub_of_a_hundred_thousand_edges() -> None:
    count = 100_000
    edge_index = torch.stack([torch.arange(count), torch.zeros(count, dtype=torch.long)])
    v = draw(count, 1, 3)
    q, k = torch.zeros(1, 1, 2, dtype=v.dtype), torch.zeros(count, 1, 2, dtype=v.dtype)
    close(ops.neighbor_attention(q, k, v, edge_index), v.mean(0, keepdim=True))
    given = {"q": draw(1, 1, 8).requires_grad_(), "k": draw(count, 1, 8).requires_grad_(),
             "v": v.requires_grad_()}
    out, to_q, to_k, to_v = attend(given, edge_index)
    weight = (given["q"] * given["k"]).sum(-1).mul(8 ** -0.5).softmax(0)
    expected = (weight.unsqueeze(-1) * v).sum(0, keepdim=True)
    close(out, expected.detach())
    found = torch.autograd.grad(expected, list(given.values()), draw(1, 1, 3, seed=9))
    for a, b in zip((to_q, to_k, to_v), found, strict=True):
        close(a, b)


def test_extreme_scores_do_not_overflow() -> None:
    edge_index = torch.tensor([[0, 1], [0, 0]])
    v = torch.tensor([[[1.0]], [[3.0]]])
    q, k = torch.zeros(1, 1, 1), torch.zeros(2, 1, 1)
    for bias, expected in (([1e30, -1e30], 1.0), ([-1e30, -1e30], 2.0), ([1e4, 1e4], 2.0)):
        assert ops.neighbor_attention(q, k, v, edge_index, torch.tensor(bias)).item() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_whose_edges_all_have_the_score_of_a_mask(dtype, monkeypatch) -> None:
    edge_index = torch.tensor([[0, 1, 2] * 30, [0] * 90])  # more than one run of edges
    given = {name: x.detach().to(dtype).requires_grad_() for name, x in operands(3, 1, 90).items()}
    with torch.no_grad():
        given["bias"].fill_(-1e9 if dtype == torch.float32 else -1e30)
    both(given, edge_index, monkeypatch)


def test_masked_edges_and_masked_rows(monkeypatch) -> None:
    edge_index = torch.tensor([[0, 1, 2, 0, 1], [0, 0, 0, 1, 1]])
    given = operands(3, 3, 5)
    with torch.no_grad():
        given["bias"][[1, 3, 4]] = -torch.inf
    out, *grads = attend(given, edge_index)
    assert out.isfinite().all() and (out[1:] == 0).all() and (out[0] != 0).all()
    assert all(g.isfinite().all() for g in grads)
    both(given, edge_index, monkeypatch)
    kept = torch.tensor([0, 2])
    fewer = {name: x if name in "qkv" else x.detach()[kept].requires_grad_()
             for name, x in given.items()}
    for a, b in zip([out, *grads[:3]], attend(fewer, edge_index[:, kept])[:4], strict=True):
        close(a, b)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_spoils_its_row_and_head_alone(value, monkeypatch) -> None:
    edge_index, num_nodes = zoo("hub")
    given = operands(num_nodes, num_nodes, edge_index.shape[1])
    with torch.no_grad():
        given["bias"][3, 1] = value
    out = attend(given, edge_index)[0]
    spoiled = torch.zeros(num_nodes, 2, dtype=torch.bool)
    spoiled[edge_index[1, 3], 1] = True
    assert torch.equal(out.isnan().all(-1), spoiled) and torch.equal(out.isnan().any(-1), spoiled)
    both(given, edge_index, monkeypatch)


def test_gradients_of_some_operands_alone(monkeypatch) -> None:
    edge_index, num_nodes = zoo("directed")
    given = operands(num_nodes, num_nodes, edge_index.shape[1])
    everything = dict(zip(NAMES, attend(given, edge_index)[1:], strict=True))
    for name in NAMES:
        for x in given.values():
            x.requires_grad_(False)
        given[name].requires_grad_()
        edges = {n: given[n] for n in NAMES[3:]}
        out = ops.neighbor_attention(given["q"], given["k"], given["v"], edge_index, **edges)
        found, = torch.autograd.grad(out, given[name], draw(*out.shape, seed=9))
        close(found, everything[name])


def test_gradients_to_second_order_and_no_further() -> None:
    edge_index = torch.tensor([[0, 1, 2, 0, 0], [1, 1, 1, 0, 0]])
    given = operands(3, 2, 5, heads=2, width=2, value_width=1)

    def layer(q, k, v, bias, edge_key, edge_value):
        return ops.neighbor_attention(q, k, v, edge_index, bias, edge_key=edge_key,
                                      edge_value=edge_value)

    assert torch.autograd.gradcheck(layer, tuple(given.values()))
    assert torch.autograd.gradgradcheck(layer, tuple(given.values()))
    q = given["q"]
    out = layer(**given)
    first, = torch.autograd.grad(out.square().sum(), q, create_graph=True)
    second, = torch.autograd.grad(first.square().sum(), q, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second.sum().backward()


@each_dtype
def test_dropout_draws_the_same_forward_backward_and_in_the_definition(dtype, monkeypatch) -> None:
    edge_index, num_nodes = zoo("random")
    given = operands(num_nodes, num_nodes, edge_index.shape[1], dtype=dtype)

    def seeded():
        return {"dropout": 0.4, "generator": torch.Generator().manual_seed(5)}

    fast = attend(given, edge_index, **seeded())
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "reference")
    for a, b in zip(fast, attend(given, edge_index, **seeded()), strict=True):
        close(a, b)
    monkeypatch.delenv("GRAPHLOCAL_BACKEND")
    assert not torch.equal(fast[0], attend(given, edge_index, dropout=0.4)[0])
    close(attend(given, edge_index, dropout=0.4, training=False)[0], attend(given, edge_index)[0])
    assert (attend(given, edge_index, dropout=1.0)[0] == 0).all()


def test_dropout_drops_as_often_as_it_should_and_keeps_the_mean() -> None:
    count, heads = 20_000, 2
    edge_index = torch.stack([torch.arange(count), torch.arange(count)])
    q, v = torch.zeros(count, heads, 1), torch.ones(count, heads, 1)
    torch.manual_seed(0)
    out = ops.neighbor_attention(q, q, v, edge_index, dropout=0.3)
    assert abs((out == 0).float().mean() - 0.3) < 0.01
    close(out[out != 0], torch.full_like(out[out != 0], 1 / 0.7))
    again = ops.neighbor_attention(q, q, v, edge_index, dropout=0.3)
    assert abs(((out == 0) == (again == 0)).float().mean() - 0.58) < 0.02  # 0.3^2 + 0.7^2


def test_dropout_is_that_of_the_weights(monkeypatch) -> None:
    edge_index, num_nodes = zoo("duplicates")
    given = operands(num_nodes, num_nodes, edge_index.shape[1], extra=False)
    torch.manual_seed(3)
    out = ops.neighbor_attention(*given.values(), edge_index, dropout=0.5)
    torch.manual_seed(3)
    factor = weight_factors(draw_seed(0.5, True), 0.5, edge_index.shape[1], 2, torch.float64)
    # A channel of each edge's own tells the weights, which the factors then multiply.
    own = torch.eye(edge_index.shape[1], dtype=torch.float64).unsqueeze(1).expand(-1, 2, -1)
    nothing = torch.zeros(num_nodes, 2, edge_index.shape[1], dtype=torch.float64)
    weight = ops.neighbor_attention(given["q"], given["k"], nothing, edge_index, edge_value=own)
    value = given["v"][edge_index[0]]  # [E, H, D]
    close(out, torch.einsum("nhe,eh,ehd->nhd", weight, factor, value))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype) -> None:
    edge_index, num_nodes = zoo("hub")
    given = operands(num_nodes, num_nodes, edge_index.shape[1], dtype=dtype)
    wide = {name: x.detach().float().requires_grad_() for name, x in given.items()}
    half, full = attend(given, edge_index), attend(wide, edge_index)
    assert all(x.dtype == dtype for x in half)
    close(half[0], full[0].to(dtype))


def test_operands_of_two_dtypes_meet_in_the_larger() -> None:
    edge_index, num_nodes = zoo("random")
    given = operands(num_nodes, num_nodes, edge_index.shape[1], extra=False)
    q, k, v = given.values()
    out = ops.neighbor_attention(q.float(), k.float(), v, edge_index)
    assert out.dtype is torch.float64
    close(out.float(), ops.neighbor_attention(q, k, v, edge_index).float())


def test_one_bias_for_all_heads(monkeypatch) -> None:
    edge_index, num_nodes = zoo("hub")
    given = operands(num_nodes, num_nodes, edge_index.shape[1])
    given["bias"] = draw(edge_index.shape[1], seed=4).requires_grad_()
    both(given, edge_index, monkeypatch)
    wide = given | {"bias": given["bias"].detach().unsqueeze(-1).repeat(1, 2).requires_grad_()}
    one, each = attend(given, edge_index), attend(wide, edge_index)
    close(one[4], each[4].sum(-1))


def test_operands_need_not_be_contiguous() -> None:
    edge_index, num_nodes = zoo("random")
    packed = draw(num_nodes, 3, 2, 4).requires_grad_()
    out = ops.neighbor_attention(*packed.unbind(1), edge_index)
    out.sum().backward()
    apart = [x.detach().clone().requires_grad_() for x in packed.unbind(1)]
    expected = ops.neighbor_attention(*apart, edge_index)
    expected.sum().backward()
    close(out, expected)
    close(packed.grad, torch.stack([x.grad for x in apart], 1))


@pytest.mark.parametrize("threads", [2, 3])
def test_results_do_not_depend_on_threads(threads, monkeypatch) -> None:
    monkeypatch.setattr("graphlocal.kernels.cpu.parallel.row_blocks.__kwdefaults__",
                        {"min_work": 16, "max_blocks": 1024})
    rng = np.random.default_rng(0)
    edge_index = torch.from_numpy(rng.integers(0, 60, (2, 900)))
    given = operands(60, 60, 900, dtype=torch.float32)
    found = []
    for count in (1, threads):
        set_num_threads(count)
        found.append(attend(given, edge_index, dropout=0.2,
                            generator=torch.Generator().manual_seed(1)))
    set_num_threads(None)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_an_order_of_edges_is_an_order_of_names_alone() -> None:
    edge_index, num_nodes = zoo("random")
    given = operands(num_nodes, num_nodes, edge_index.shape[1])
    order = torch.randperm(edge_index.shape[1], generator=torch.Generator().manual_seed(0))
    moved = {name: x if name in "qkv" else x.detach()[order].requires_grad_()
             for name, x in given.items()}
    here, there = attend(given, edge_index), attend(moved, edge_index[:, order])
    for number, (a, b) in enumerate(zip(here, there, strict=True)):
        close(a[order] if number > 3 else a, b)


@pytest.mark.parametrize(("shape", "num_src", "num_dst"), [((0, 1), 0, 0), ((3, 2), 0, 3),
                                                           ((0, 2), 4, 0), ((4, 0), 4, 4)])
def test_nothing_to_attend_to(shape, num_src, num_dst) -> None:
    heads = shape[1]
    q = torch.zeros(num_dst, heads, 2, requires_grad=True)
    k, v = (torch.zeros(num_src, heads, w, requires_grad=True) for w in (2, 3))
    out = ops.neighbor_attention(q, k, v, torch.zeros(2, 0, dtype=torch.long))
    assert out.shape == (num_dst, heads, 3) and (out == 0).all()
    out.sum().backward()
    for x in (q, k, v):
        assert x.grad.shape == x.shape and (x.grad == 0).all()


def test_no_tensor_of_messages_is_made() -> None:
    count, num_edges, heads, width = 500, 40_000, 2, 64
    rng = np.random.default_rng(0)
    edge_index = torch.from_numpy(rng.integers(0, count, (2, num_edges)))
    given = operands(count, count, 0, heads, width, width, torch.float32, extra=False)
    adjacency = ops.as_adjacency(edge_index, count)
    attend(given, adjacency)
    largest = 0

    def watch(allocate):
        def allocating(*args, **kwargs):
            nonlocal largest
            out = allocate(*args, **kwargs)
            largest = max(largest, out.nbytes)
            return out
        return allocating

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "empty", watch(np.empty))
        patch.setattr(torch, "empty", watch(torch.empty))
        attend(given, adjacency)
    assert 0 < largest <= 2 * num_edges * heads * 4 < num_edges * heads * width * 4


@pytest.mark.parametrize(("change", "match"), [
    ({"q": torch.zeros(4, 2)}, r"'q'.*shape \(4, 2\).*\(N, H, D\)"),
    ({"q": None}, "'q'.*NoneType"),
    ({"k": torch.zeros(4, 3, 5)}, "'k'.*3 heads.*2"),
    ({"v": torch.zeros(4, 3, 5)}, "'v'.*3 heads.*2"),
    ({"k": torch.zeros(4, 2, 6)}, "'k'.*6 channels.*5"),
    ({"v": torch.zeros(3, 2, 5)}, "'v'.*3 rows.*4"),
    ({"q": torch.zeros(4, 2, 5, dtype=torch.long)}, "'q'.*int64"),
    ({"bias": torch.zeros(4)}, r"'bias'.*\(4,\).*\(3,\) or \(3, 2\)"),
    ({"bias": [0.0, 0.0, 0.0]}, "'bias'.*list"),
    ({"bias": torch.ones(3, dtype=torch.bool)}, "'bias'.*bool"),
    ({"edge_key": torch.zeros(3, 2, 4)}, r"'edge_key'.*\(3, 2, 5\)"),
    ({"edge_value": torch.zeros(2, 2, 5)}, r"'edge_value'.*\(3, 2, 5\)"),
    ({"scale": "large"}, "'scale'.*'large'"),
    ({"scale": float("nan")}, "'scale'.*nan"),
    ({"dropout": 1.5}, "'dropout'.*1.5"),
    ({"dropout": -0.1}, "'dropout'.*-0.1"),
    ({"graph": torch.tensor([[0, 9], [1, 1]])}, "index 9"),
    ({"graph": torch.tensor([[0, -1], [1, 1]])}, "-1"),
    ({"graph": ops.as_adjacency(torch.tensor([[0], [1]]), 3)}, "'k'.*4 rows.*3"),
    ({"q": torch.zeros(5, 2, 5), "graph": ops.as_adjacency(torch.tensor([[0], [1]]), 4)},
     "'q'.*5 rows.*4"),
])
def test_bad_input(change, match) -> None:
    arguments = {name: torch.zeros(4, 2, 5) for name in "qkv"}
    arguments["graph"] = torch.tensor([[0, 1, 2], [1, 1, 3]])
    with pytest.raises((GraphError, TypeError), match=match):
        ops.neighbor_attention(**arguments | change)


def test_under_transforms_it_is_the_definition() -> None:
    edge_index, num_nodes = zoo("random")
    given = {n: x.detach() for n, x in operands(num_nodes, num_nodes, 0, extra=False).items()}
    expected = ops.neighbor_attention(*given.values(), edge_index)

    def total(q):
        return ops.neighbor_attention(q, given["k"], given["v"], edge_index).sum()

    q = given["q"].clone().requires_grad_()
    total(q).backward()
    close(torch.func.grad(total)(given["q"]), q.grad)
    stacked = torch.func.vmap(
        lambda q: ops.neighbor_attention(q, given["k"], given["v"], edge_index))(
            torch.stack([given["q"]] * 2))
    close(stacked[1], expected)


@pytest.fixture
def fresh_compiler():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("prepared", [False, True])
def test_it_compiles_to_one_graph(dropout, prepared, fresh_compiler) -> None:
    edge_index, num_nodes = zoo("hub")
    given = operands(num_nodes, num_nodes, edge_index.shape[1])
    graph = ops.as_adjacency(edge_index, num_nodes) if prepared else edge_index

    def layer(q, k, v, graph, bias, edge_key, edge_value):
        out = ops.neighbor_attention(q * 2, k, v, graph, bias, edge_key=edge_key,
                                     edge_value=edge_value, dropout=dropout)
        return out.relu()

    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    found = []
    for function in (layer, compiled):
        q, k, v, *edges = given.values()
        torch.manual_seed(0)
        out = function(q, k, v, graph, *edges)
        found.append([out.detach(), *torch.autograd.grad(out.sum(), list(given.values()))])
    for a, b in zip(*found, strict=True):
        close(a, b)


@pytest.mark.parametrize("extra", [False, True])
def test_the_operators_keep_the_rules(extra) -> None:
    edge_index, num_nodes = zoo("duplicates")
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    given = operands(num_nodes, num_nodes, adjacency.num_edges, extra=extra)
    all_of_them = [given.get(name) for name in NAMES]
    seed = torch.tensor([1, 2]) if extra else None
    torch.library.opcheck(torch.ops.graphlocal.neighbor_attention.default,
                          (*adjacency, *all_of_them, seed, 0.5, 0.2 if extra else 0.0))


def test_the_definition_of_a_tiny_case_by_hand() -> None:
    adjacency = ops.as_adjacency(torch.tensor([[0, 1], [0, 0]]), 2)
    q, k = torch.ones(2, 1, 1), torch.tensor([0.0, np.log(3.0)]).view(2, 1, 1)
    v = torch.tensor([4.0, 8.0]).view(2, 1, 1)
    out = reference.neighbor_attention(adjacency, q, k, v, None, None, None, None, 1.0, 0.0)
    assert out.flatten().tolist() == pytest.approx([7.0, 0.0])  # weights 1/4 and 3/4
    close(out, ops.neighbor_attention(q, k, v, adjacency, scale=1.0))
