"""What every layer that looks at all nodes promises."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from graphlocal import GraphError
from graphlocal.nn.attention import CodebookAttention, DenseAttention
from tests.nn.attention.plain import LAYERS, LargestTensor, close, features, make

each_layer = pytest.mark.parametrize("name", list(LAYERS))
SIZES = [1, 7, 3, 12, 2, 9, 40, 37]
#: Graphs 1 and 4 of the batch have no nodes, nor have those after the last.
IDS = [0, 2, 3, 5, 6, 7, 8, 11]


def batch_of(sizes=SIZES, ids=IDS) -> torch.Tensor:
    return torch.repeat_interleave(torch.tensor(ids), torch.tensor(sizes))


@each_layer
def test_a_batch_is_its_graphs_one_by_one(name) -> None:
    layer, x = make(name), features(sum(SIZES))
    together = layer(x, batch_of())
    for part, out in zip(x.split(SIZES), together.split(SIZES), strict=True):
        close(out, layer(part, torch.zeros(len(part), dtype=torch.long)))
        if name != "codebook":  # whose rows without a batch are a sample of one graph
            close(out, layer(part))


@each_layer
def test_nothing_leaks_between_graphs(name) -> None:
    layer = make(name)
    x = features(sum(SIZES)).requires_grad_()
    out = layer(x, batch_of()).split(SIZES)
    (grad,) = torch.autograd.grad(out[3].square().sum(), x)
    for i, part in enumerate(grad.split(SIZES)):
        assert bool(part.any()) == (i == 3)
    other = x.detach().clone()
    start = sum(SIZES[:3])
    other[:start] = 7 * features(start, seed=9)
    assert torch.equal(layer(other, batch_of()).split(SIZES)[3], out[3])


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_order_of_nodes_within_a_graph_does_not_matter(name, training) -> None:
    if name == "subsampled":
        layer = make(name)
        layer.draws = 0  # dense: draws go by the order of the nodes
        if training:
            pytest.skip("random in training")
    else:
        layer = make(name)
    x, sizes = features(60), [25, 35]
    batch = batch_of(sizes, [0, 1])
    move = torch.cat([torch.randperm(25), 25 + torch.randperm(35)])
    more = [{}, {}]
    if name == "bi_level":
        part = torch.randint(9, (60,))
        more = [{"partition": part}, {"partition": part[move]}]
    other = copy.deepcopy(layer).train(training)
    if name in ("codebook", "routing"):  # whose first training pass draws rows
        layer.train()(x, batch)
        other.load_state_dict(layer.state_dict())
    layer.train(training)
    close(other(x[move], batch, **more[1]), layer(x, batch, **more[0])[move])
    for mine, theirs in zip(layer.buffers(), other.buffers(), strict=True):
        close(mine, theirs)


@each_layer
@pytest.mark.parametrize("with_batch", [False, True])
def test_gradients(name, with_batch) -> None:
    layer = make(name)
    sizes = [1, 5, 4]
    batch = batch_of(sizes, [0, 2, 3]) if with_batch else None
    names, values = zip(*layer.named_parameters(), strict=True)

    def run(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x, batch))

    x = features(10).requires_grad_()
    assert torch.autograd.gradcheck(run, (x, *values), fast_mode=True)
    assert torch.autograd.gradcheck(lambda x: layer(x, batch), (x,), fast_mode=True)


@each_layer
def test_second_gradients_by_torch_own_definition(name) -> None:
    layer, x = make(name), features(9).requires_grad_()
    with sdpa_kernel(SDPBackend.MATH):
        assert torch.autograd.gradgradcheck(lambda x: layer(x, batch_of([4, 5], [0, 2])), (x,),
                                            fast_mode=True)


@each_layer
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("rows", [0, 1])
def test_no_node_and_one_node(name, rows, training) -> None:
    layer = make(name).train(training)
    x = features(rows).requires_grad_()
    for batch in (None, torch.zeros(rows, dtype=torch.long)):
        layer.zero_grad()
        out = layer(x, batch)
        assert out.shape == (rows, 8) and out.isfinite().all()
        out.sum().backward()
        # Every weight has its gradient, as a data-parallel training expects.
        assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
        if rows and name not in ("codebook", "channel"):
            close(out, layer.lin_out(layer.lin_value(x)))  # a node alone sees itself


@each_layer
def test_refusals(name) -> None:
    layer, x = make(name), features(4)
    for batch, match in [
        (torch.tensor([0, 1, 0, 1]), "'batch': got 0 after 1 at position 2"),
        (torch.tensor([-1, 0, 0, 1]), "'batch': got value -1"),
        (torch.tensor([0, 0, 1]), r"'batch': got shape \(3,\), expected shape \(4,\)"),
        (torch.zeros(4), "'batch': got dtype float32"),
        ([0, 0, 1, 1], "'batch': got list"),
    ]:
        with pytest.raises(GraphError, match=match):
            layer(x, batch)
    for wrong, match in [(features(4, 9), r"'x': got shape \(4, 9\)"), (x[0], "'x': got shape"),
                         (torch.ones(4, 8, dtype=torch.long), "'x': got dtype int64"),
                         ([1.0], "'x': got list")]:
        with pytest.raises(GraphError, match=match):
            layer(wrong)
    for arguments, match in [((8, 3), "'heads': got 3, expected a divisor of .*channels=8"),
                             ((8, 0), "'heads': got 0"), ((0, 1), "'channels': got 0"),
                             ((8, 2.0), "'heads': got 2.0")]:
        with pytest.raises(GraphError, match=match):
            type(layer)(*arguments)
    with pytest.raises(GraphError, match="'dropout'"):
        LAYERS[name](dropout=1.0)


@each_layer
def test_what_was_saved_goes_on_as_before(name) -> None:
    layer = make(name, dropout=0.2).train()
    for seed in range(3):
        layer(features(30, seed=seed))
    other = make(name, seed=5, dropout=0.2).train()
    other.load_state_dict(layer.state_dict())
    for seed in range(3, 6):
        x = features(30, seed=seed)
        torch.manual_seed(seed)
        out = layer(x)
        torch.manual_seed(seed)
        close(other(x), out)
    close(other.eval()(x), layer.eval()(x))
    layer.reset_parameters()
    assert not torch.equal(layer.lin_query.weight, other.lin_query.weight)
    if name in ("codebook", "routing"):
        assert not dict(layer.named_buffers())[
            {"codebook": "codebook.steps", "routing": "started"}[name]]


@each_layer
def test_other_precisions(name) -> None:
    layer, x = make(name), features(50)
    expected = layer(x, batch_of([20, 30], [0, 1]))
    single = copy.deepcopy(layer).float()
    got = single(x.float(), batch_of([20, 30], [0, 1]))
    assert got.dtype == torch.float32
    close(got.double(), expected, 1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        rough = single.train()(x.float(), batch_of([20, 30], [0, 1]))
    rough.float().sum().backward()
    assert rough.dtype == torch.bfloat16 and rough.isfinite().all()


@each_layer
@pytest.mark.parametrize("graphs", [1, 5])
def test_no_tensor_of_pairs_exists(name, graphs) -> None:
    """Neither of all nodes by all nodes, nor by all centroids or parts: a few times N x C."""
    rows = 4000
    arguments = {"codebook": (8, 2, 64), "subsampled": (8, 2), "bi_level": (8, 2),
                 "routing": (8, 2, 32)}.get(name, (8, 2))
    layer = type(make(name))(*arguments).train()
    x = features(rows).float().requires_grad_()
    batch = torch.arange(rows) * graphs // rows
    with LargestTensor() as seen:
        layer(x, batch).sum().backward()
    assert rows * 8 <= seen.numbers <= 8 * rows * 8 < rows * rows // graphs // 10


def test_repr_says_what_they_are() -> None:
    assert repr(DenseAttention(8, 2)) == "DenseAttention(8, heads=2)"
    assert repr(CodebookAttention(8, 2, 4)) == (
        "CodebookAttention(8, heads=2, num_centroids=4, counts='ema')")
