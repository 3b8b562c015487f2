"""Attention to rings: windows of paths and grids."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from graphlocal import GraphError
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import DilatedNeighborAttention
from tests.nn.attention.dense_local import both, finish, heads, local_layer
from tests.ops.graphs import close, zoo


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_path_is_a_dilated_window(dilation: int) -> None:
    """Interior nodes of a path see i - k, i and i + k: neighbourhood attention in 1-D."""
    torch.manual_seed(0)
    path = both(torch.tensor([range(15), range(1, 16)]))
    layer = DilatedNeighborAttention(6, 8, 2, dilation=dilation).double()
    x = torch.randn(16, 6, dtype=torch.float64)
    q, k, v = heads(layer, x)  # [H, N, D]
    inner = torch.arange(dilation, 16 - dilation)
    window = inner[:, None] + torch.tensor([-dilation, 0, dilation])  # [I, 3]
    score = (q[:, inner, None] * k[:, window]).sum(-1) / 2
    out = (score.softmax(-1).unsqueeze(-1) * v[:, window]).sum(2)  # [H, I, D]
    close(layer(x, path)[inner], finish(layer, out, x[inner]))


def test_grid_is_a_window() -> None:
    """Interior cells of a grid of eight directions see the 3 x 3 around them."""
    torch.manual_seed(0)
    height, width = 5, 6
    cells = [(r, c) for r in range(height) for c in range(width)]
    edge_index = torch.tensor([(i, j) for i, (r, c) in enumerate(cells)
                               for j, (s, d) in enumerate(cells)
                               if max(abs(r - s), abs(c - d)) == 1]).t()
    layer = DilatedNeighborAttention(6, 8, 2).double()
    x = torch.randn(len(cells), 6, dtype=torch.float64)
    q, k, v = heads(layer, x)
    inner = [i for i, (r, c) in enumerate(cells)
             if 0 < r < height - 1 and 0 < c < width - 1]

    def windows(t: Tensor) -> Tensor:
        picture = t.transpose(1, 2).reshape(-1, height, width)
        found = nn.functional.unfold(picture[None], 3)[0]  # [H * D * 9, I]
        return found.view(2, 4, 9, -1).permute(0, 3, 2, 1)  # [H, I, 9, D]

    score = (q[:, inner, None] * windows(k)).sum(-1) / 2
    out = (score.softmax(-1).unsqueeze(-1) * windows(v)).sum(2)
    close(layer(x, edge_index)[inner], finish(layer, out, x[inner]))


def test_dilation_one_is_neighbor_attention() -> None:
    edge_index, num_nodes = zoo("bipartite")
    near, ring = local_layer("neighbors"), DilatedNeighborAttention(6, 8, 4).double()
    ring.load_state_dict(near.state_dict())
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    close(ring(x, edge_index), near(x, edge_index))


def test_rings_are_drawn_by_seed() -> None:
    edge_index, num_nodes = zoo("hub")
    x = torch.randn(num_nodes, 6)
    outs = []
    for seed, most in ((0, 2), (0, 2), (1, 2), (0, None)):
        torch.manual_seed(0)
        layer = DilatedNeighborAttention(6, 8, dilation=2, max_per_node=most, seed=seed)
        outs.append(layer(x, edge_index))
    assert torch.equal(outs[0], outs[1])
    assert not torch.allclose(outs[0], outs[2]) and not torch.allclose(outs[0], outs[3])


def test_ring_larger_than_the_graph() -> None:
    layer = DilatedNeighborAttention(6, 8, dilation=50)
    x = torch.randn(3, 6)
    out = layer(x, torch.tensor([[0, 1], [1, 2]]))
    torch.testing.assert_close(out, layer.lin_out(layer.lin_value(x)))


@pytest.mark.parametrize("dilation", [0, -1, 1.5, [1], [1, 2, 3], [], [1, "2"], "12"])
def test_bad_dilation(dilation) -> None:
    with pytest.raises((GraphError, GraphTypeError), match="argument 'dilation'"):
        DilatedNeighborAttention(6, 8, 2, dilation=dilation)
