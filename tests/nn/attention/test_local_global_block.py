"""Blocks against their formulas and against PyG's GPSConv."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GPSConv, SAGEConv
from torch_geometric.utils import to_dense_batch

from graphlocal.graph import GraphError
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import (
    ChannelAttention,
    CodebookAttention,
    DenseAttention,
    LocalGlobalBlock,
    NeighborAttention,
    SubsampledAttention,
)

FUSIONS = ("sum", "concat", "gate", "sequence")
EDGES = torch.tensor([[0, 1, 1, 2, 4, 5], [1, 0, 2, 1, 5, 4]])
BATCH = torch.tensor([0, 0, 0, 1, 1, 1])


class Everything(nn.Module):
    """Each node gets a map of the mean of its graph."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lin = nn.Linear(channels, channels)

    def forward(self, x: Tensor, batch: Tensor | None = None) -> Tensor:
        batch = torch.zeros(len(x), dtype=torch.long) if batch is None else batch
        same = (batch[:, None] == batch).to(x.dtype)
        return self.lin(same @ x / same.sum(1, keepdim=True))


class Multihead(nn.MultiheadAttention):
    """Dense attention inside each graph, as GPSConv has it."""

    def forward(self, x: Tensor, batch: Tensor | None = None) -> Tensor:
        h, mask = to_dense_batch(x, batch)
        return super().forward(h, h, h, key_padding_mask=~mask, need_weights=False)[0][mask]


def _block(channels: int = 8, **kwargs) -> LocalGlobalBlock:
    torch.manual_seed(0)
    block = LocalGlobalBlock(channels, SAGEConv(channels, channels), Everything(channels), **kwargs)
    for norm in (block.norm1, block.norm2, block.norm3):
        for parameter in () if norm is None else norm.parameters():
            nn.init.normal_(parameter)
    return block


@pytest.mark.parametrize("batch", [None, BATCH], ids=["one", "batch"])
def test_is_gps_conv(batch: Tensor | None) -> None:
    torch.manual_seed(0)
    peer = GPSConv(8, GATConv(8, 4, heads=2), heads=4, norm="batch_norm")
    block = LocalGlobalBlock(8, GATConv(8, 4, heads=2), Multihead(8, 4, batch_first=True),
                             norm="batch", norm_first=False)
    names = {"conv.": "local.", "attn.": "global_attention.", "mlp.": "ffn."}
    state = {}
    for name, value in peer.state_dict().items():
        for old, new in names.items():
            name = new + name.removeprefix(old) if name.startswith(old) else name
        state[name] = value
    block.load_state_dict(state)
    x = torch.randn(6, 8)
    torch.testing.assert_close(block(x, EDGES, batch), peer(x, EDGES, batch))
    block.eval(), peer.eval()
    torch.testing.assert_close(block(x, EDGES, batch), peer(x, EDGES, batch))


@pytest.mark.parametrize("layer", [ChannelAttention, CodebookAttention, DenseAttention,
                                   SubsampledAttention])
def test_with_every_global_layer(layer: type) -> None:
    torch.manual_seed(0)
    block = LocalGlobalBlock(8, NeighborAttention(8, 8, 2), layer(8, heads=2), fusion="gate")
    x = torch.randn(6, 8)
    block(x, EDGES, BATCH).sum().backward()
    assert block.eval()(x, EDGES, BATCH).shape == x.shape


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("norm", ["layer", "batch", "graph", None])
def test_is_its_formula(fusion: str, norm_first: bool, norm: str | None) -> None:
    block = _block(norm=norm, norm_first=norm_first, fusion=fusion)
    x = torch.randn(6, 8)

    def normed(layer, h):
        if norm is None:
            return h
        return layer(h, BATCH) if norm == "graph" else layer(h)

    def near(h, add=0):
        if norm_first:
            return add + block.local(normed(block.norm1, h), EDGES)
        return normed(block.norm1, add + block.local(h, EDGES))

    def far(h, add=0):
        if norm_first:
            return add + block.global_attention(normed(block.norm2, h), BATCH)
        return normed(block.norm2, add + block.global_attention(h, BATCH))

    if fusion == "sequence":
        y = near(x, x)
        h = far(y, y)
    else:
        residual, inner = (x, 0) if norm_first else (0, x)
        left, right = near(x, inner), far(x, inner)
        if fusion == "sum":
            h = residual + left + right
        else:
            joined = torch.cat([left, right], 1) @ block.join.weight.t() + block.join.bias
            gate = joined.sigmoid()
            h = residual + (joined if fusion == "concat" else gate * left + (1 - gate) * right)
    want = (h + block.ffn(normed(block.norm3, h)) if norm_first
            else normed(block.norm3, h + block.ffn(h)))
    torch.testing.assert_close(block(x, EDGES, BATCH), want)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("norm_first", [True, False])
def test_one_layer_alone(fusion: str, norm_first: bool) -> None:
    x = torch.randn(6, 8)
    both = _block(norm_first=norm_first, fusion=fusion)
    near = LocalGlobalBlock(8, both.local, None, ffn=None, norm_first=norm_first, fusion=fusion)
    far = LocalGlobalBlock(8, None, both.global_attention, ffn=None, norm=None, fusion=fusion,
                           norm_first=norm_first)
    assert near.join is far.join is near.norm2 is near.norm3 is None
    norm = near.norm1
    want = (x + near.local(norm(x), EDGES) if norm_first else norm(x + near.local(x, EDGES)))
    torch.testing.assert_close(near(x, EDGES), want)
    torch.testing.assert_close(far(x, None, BATCH), x + both.global_attention(x, BATCH))


@pytest.mark.parametrize("norm", ["layer", "graph", None])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_batch_is_graph_by_graph(norm: str | None, fusion: str) -> None:
    block = _block(norm=norm, fusion=fusion).double()
    x = torch.randn(6, 8, dtype=torch.float64)
    parts = [block(x[:3], EDGES[:, :4]), block(x[3:], EDGES[:, 4:] - 3)]
    torch.testing.assert_close(block(x, EDGES, BATCH), torch.cat(parts))


@pytest.mark.parametrize("numbers", [[3, 7], [0, 10**15], [1, 2**40]])
def test_graphs_may_have_any_numbers(numbers: list[int]) -> None:
    block, x = _block(norm="graph").eval(), torch.randn(6, 8)
    batch = torch.tensor(numbers)[BATCH]
    torch.testing.assert_close(block(x, EDGES, batch), block(x, EDGES, BATCH))
    small = BATCH.to(torch.uint8)
    torch.testing.assert_close(block(x, EDGES, small), block(x, EDGES, BATCH))
    with pytest.raises(GraphError, match="argument 'batch': got value -1"):
        block(x, EDGES, BATCH - 1)


@pytest.mark.parametrize("norm", ["layer", "batch", "graph", None])
@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_nodes(norm: str | None, count: int) -> None:
    block = _block(norm=norm)
    edges = torch.zeros(2, 0, dtype=torch.long)
    out = block(torch.randn(count, 8), edges, torch.zeros(count, dtype=torch.long))
    assert out.shape == (count, 8) and out.isfinite().all()


def test_gradients_reach_every_parameter() -> None:
    for fusion in FUSIONS:
        block = _block(fusion=fusion, dropout=0.1, act="gelu")
        block(torch.randn(6, 8), EDGES, BATCH).square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in block.parameters())


def test_dropout_only_in_training() -> None:
    block = _block(dropout=0.5)
    x = torch.randn(6, 8)
    assert not torch.equal(block(x, EDGES, BATCH), block(x, EDGES, BATCH))
    block.eval()
    assert torch.equal(block(x, EDGES, BATCH), block(x, EDGES, BATCH))


def test_edge_arguments_reach_the_local_layer() -> None:
    block = LocalGlobalBlock(8, GATConv(8, 8, edge_dim=3), Everything(8))
    x, edge_attr = torch.randn(6, 8), torch.randn(6, 3)
    plain, other = block(x, EDGES, BATCH), block(x, EDGES, BATCH, edge_attr=edge_attr)
    assert not torch.allclose(plain, other)


def test_reset_parameters() -> None:
    block = _block(fusion="gate")
    before = {name: value.clone() for name, value in block.state_dict().items()}
    block.reset_parameters()
    weights = [name for name in before if name.endswith("weight")]
    assert weights and not any(torch.equal(before[n], block.state_dict()[n]) for n in weights)


def test_own_ffn() -> None:
    block = LocalGlobalBlock(8, SAGEConv(8, 8), ffn=nn.Identity(), norm=None)
    x = torch.randn(6, 8)
    torch.testing.assert_close(block(x, EDGES), 2 * (x + block.local(x, EDGES)))


@pytest.mark.parametrize(("kwargs", "match"), [
    ({}, "local"), ({"local": "gcn"}, "local"), ({"norm": "instance"}, "norm"),
    ({"fusion": "max"}, "fusion"), ({"dropout": 1.0}, "dropout"), ({"ffn": 0}, "ffn"),
    ({"ffn": 0.01}, "ffn"), ({"act": "no"}, "act"),
    ({"channels": 0}, "channels"), ({"channels": 2.0}, "channels"),
])
def test_wrong_arguments(kwargs: dict, match: str) -> None:
    if kwargs and "local" not in kwargs:
        kwargs = {"local": nn.Identity(), **kwargs}
    with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
        LocalGlobalBlock(**{"channels": 8, **kwargs})


def test_wrong_input() -> None:
    block = _block()
    for x in (torch.randn(6, 7), torch.randn(6), torch.randn(6, 8).long(), [1.0]):
        with pytest.raises((GraphError, GraphTypeError), match="argument 'x'"):
            block(x, EDGES)
    for norm in ("graph", "layer"):
        with pytest.raises(GraphError, match=r"argument 'batch': got shape \(5,\)"):
            _block(norm=norm)(torch.randn(6, 8), EDGES, BATCH[:5])
    with pytest.raises(GraphError, match=r"argument 'local': got .* \(6, 5\)"):
        LocalGlobalBlock(8, SAGEConv(8, 5))(torch.randn(6, 8), EDGES)
    with pytest.raises(GraphError, match="argument 'ffn'"):
        LocalGlobalBlock(8, SAGEConv(8, 8), ffn=nn.Linear(8, 3))(torch.randn(6, 8), EDGES)
