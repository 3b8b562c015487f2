"""Features of nodes smoothed over one, two, ... hops, computed once before training."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import GraphTypeError, check_choice, check_count, check_features, fail
from ..ops import Adjacency, as_adjacency, spmm
from ..ops.rows import as_undirected
from .attach import check_free, check_name, graph_of, put_nodes

Direction = Literal["undirected", "incoming", "reference"]
_DIRECTIONS = ("undirected", "incoming", "reference")


@torch.no_grad()
def hop_features(
    x: Tensor, graph: Any, num_hops: int = 2, direction: Direction = "undirected"
) -> list[Tensor]:
    r"""Features after one to ``num_hops`` steps of symmetrically normalised propagation.

    .. math::
        \mathbf{X}^{(k)} = \mathbf{P} \mathbf{X}^{(k-1)}, \quad
        \mathbf{P} = \mathbf{D}^{-1/2} (\mathbf{A} + \mathbf{I}) \mathbf{D}^{-1/2}

    On an undirected graph the three directions agree. On a directed one, with in- and out-degrees
    :math:`\mathbf{D}_{in}, \mathbf{D}_{out}` that count the added loop, and :math:`\mathbf{A}` with
    a row per target:

    - ``"undirected"``: edges are taken in both directions, parallel ones as one, loops as none.
    - ``"incoming"``: :math:`\mathbf{D}_{in}^{-1/2} (\mathbf{A} + \mathbf{I})
      \mathbf{D}_{out}^{-1/2}`, messages along the edges as they stand, as in PyG.
    - ``"reference"``: :math:`\mathbf{D}_{in}^{-1/2} (\mathbf{A}^{\top} + \mathbf{I})
      \mathbf{D}_{out}^{-1/2}`, messages against the edges, each divided by the degrees of the
      other direction: what the code of LargeGT and NAGphormer computes.

    Args:
        x: Node features.
        graph: Anything :func:`~graphlocal.ops.as_adjacency` takes.
        num_hops: Number of steps. (default: ``2``)
        direction: What a directed graph is taken as. (default: ``"undirected"``)

    Shapes:
        - **x:** :math:`(N, F)`
        - **output:** ``num_hops`` tensors :math:`(N, F)`, without ``x`` itself

    Raises:
        GraphError: If ``x`` is no matrix of floats with a row per node, or the graph is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [1, 0]])
        >>> once, twice = hop_features(torch.tensor([[0.0], [4.0], [6.0]]), edge_index)
        >>> once.flatten().round(decimals=3)
        tensor([2., 2., 6.])
    """
    num_hops = check_count(num_hops, "num_hops")
    check_choice(direction, "direction", _DIRECTIONS)
    check_features(x, None)
    if x.layout is not torch.strided:
        fail("x", f"layout {x.layout}", "a dense tensor", "convert it with x.to_dense()",
             kind=GraphTypeError)
    adjacency = _oriented(graph, x.size(0), direction)
    # Of messages against the edges the rows are counted where the columns should be.
    into, out_of = adjacency, adjacency.t()
    if direction == "reference":
        into, out_of = out_of, into
    # Half precision ends at 65,504, which degrees pass.
    exact = torch.promote_types(x.dtype, torch.float32)
    left, right = ((side.degree + 1).to(exact).rsqrt_().to(x.dtype).unsqueeze(1)
                   for side in (into, out_of))
    found = []
    for _ in range(num_hops):
        scaled = x * right
        x = spmm(adjacency, scaled).add_(scaled).mul_(left)
        found.append(x)
    return found


def _oriented(graph: Any, num_nodes: int, direction: Direction) -> Adjacency:
    if direction == "undirected":
        graph = as_undirected(graph, num_nodes)
    adjacency = as_adjacency(graph, num_nodes)
    return adjacency.t() if direction == "reference" else adjacency


@functional_transform("add_hop_features")
class AddHopFeatures(BaseTransform):
    r"""Adds :func:`hop_features` as ``data.x1``, ``data.x2``, ... (functional name:
    ``add_hop_features``).

    Args:
        num_hops: Number of hops. (default: ``2``)
        direction: As for :func:`hop_features`. (default: ``"undirected"``)
        attr: Attribute they are the features of, and that they are named after.
            (default: ``"x"``)

    Shapes:
        - **input:** ``data.x`` :math:`(N, F)`, ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data.x1``, ``data.x2``, ... :math:`(N, F)`

    Raises:
        GraphError: If ``data`` has no features, a wrong ``edge_index``, or such attributes already.

    Example:
        >>> from torch_geometric.data import Data
        >>> data = Data(x=torch.rand(3, 4), edge_index=torch.tensor([[0, 1], [1, 2]]))
        >>> AddHopFeatures()(data)
        Data(x=[3, 4], edge_index=[2, 2], x1=[3, 4], x2=[3, 4])
    """

    def __init__(
        self, num_hops: int = 2, direction: Direction = "undirected", attr: str = "x"
    ) -> None:
        self.num_hops = check_count(num_hops, "num_hops", least=1)
        self.direction: Direction = check_choice(direction, "direction", _DIRECTIONS)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        x = getattr(data, self.attr, None)
        if x is None:
            fail(f"data.{self.attr}", "None", "features of the nodes")
        names = [f"{self.attr}{hop}" for hop in range(1, self.num_hops + 1)]
        for name in names:
            check_free(data, name)
        graph = graph_of(data) if self.direction == "undirected" else data.edge_index
        for name, values in zip(names, hop_features(x, graph, self.num_hops, self.direction),
                                strict=True):
            put_nodes(data, name, values)
        return data

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(num_hops={self.num_hops}, "
                f"direction='{self.direction}', attr='{self.attr}')")
