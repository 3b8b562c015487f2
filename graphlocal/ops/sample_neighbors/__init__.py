"""Samples of the neighbourhoods of nodes, over several hops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from ...graph import checks
from ...kernels.cpu.counter_random import draw_key
from ..memory import remember
from ..rows import as_rows, device_of, to_nodes
from .sampler import NeighborSample, sample, weigh

SubgraphType = Literal["directional", "induced"]
#: Tells the numbers drawn here from those other ops draw for the same seed and epoch.
PURPOSE = 2


def sample_neighbors(
    graph: Any,
    nodes: Any,
    num_neighbors: Sequence[int],
    *,
    replace: bool = False,
    weight: Any | None = None,
    disjoint: bool = False,
    subgraph_type: SubgraphType = "directional",
    seed: int = 0,
    epoch: int = 0,
    num_nodes: int | None = None,
) -> NeighborSample:
    r"""Draws in-edges of nodes, of the nodes found through them, and so on, as GraphSAGE does.

    `"Inductive Representation Learning on Large Graphs" <https://arxiv.org/abs/1706.02216>`_.
    Order and numbers are those of PyG's ``NeighborLoader``: the nodes asked for come first, then
    the new ones of every hop as they are found; edges lead towards the nodes asked for, hop by hop.

    What is drawn from a node depends on ``seed``, ``epoch`` and the node alone: not on the batch,
    its order, the hop or the number of threads. A node that is asked for twice stands in ``n_id``
    twice, each with the same edges; where others lead to it, it is the first of the two.

    Args:
        graph: What :func:`~graphlocal.ops.as_adjacency` takes; a :class:`~graphlocal.CSRGraph` has
            every edge in both directions, numbered by its place in ``graph.col``.
        nodes: The nodes asked for.
        num_neighbors: In-edges to draw from a node in every hop; -1 takes all.
        replace: Whether an edge may be drawn more than once. Without, a node with fewer in-edges
            gets all of them. (default: ``False``)
        weight: Weights that edges are drawn in proportion to, not normalised; an edge of weight 0
            is never drawn. (default: ``None``)
        disjoint: Whether every node asked for has a subgraph of its own, which shares no node
            with the others. (default: ``False``)
        subgraph_type: ``"directional"`` has the edges that were drawn, ``"induced"`` all edges
            among the nodes. (default: ``"directional"``)
        seed: Names the draw. (default: ``0``)
        epoch: Names the pass; every pass has a draw of its own. (default: ``0``)
        num_nodes: Number of nodes; ``None`` takes what the graph knows. (default: ``None``)

    Shapes:
        - **nodes:** :math:`(n)`
        - **weight:** :math:`(E)`

    Raises:
        GraphError: If a node is out of range, a number of neighbours is below -1, weights are
            negative, not finite or of another length, or an option is unknown.

    Example:
        >>> import torch
        >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
        >>> sample = sample_neighbors(path, [3], [1, 1])
        >>> sample.n_id.tolist(), sample.edge_index.tolist(), sample.e_id.tolist()
        ([3, 2, 1], [[1, 2], [0, 1]], [2, 1])
    """
    fan_out = checks.check_fan_out(num_neighbors)
    check_subgraph_type(subgraph_type)
    key = draw_key(checks.check_count(seed, "seed", least=-(2**63)),
                   checks.check_count(epoch, "epoch"), PURPOSE)
    rows = as_rows(graph, num_nodes, direction="in")
    start = to_nodes(nodes, rows.num_nodes)

    def build() -> Any:
        return weigh(rows, weight, replace)

    if isinstance(weight, Tensor):
        weighed = remember((weight, rows.col), ("weighed", bool(replace)), build)
    else:
        weighed = build()
    found = sample(weighed, start, fan_out, key, replace=replace, disjoint=disjoint,
                   induced=getattr(subgraph_type, "value", subgraph_type) == "induced")
    device = device_of(nodes)
    return found if device.type == "cpu" else NeighborSample(
        *(part.to(device) if isinstance(part, Tensor) else part for part in found))


def check_subgraph_type(value: Any) -> None:
    """One of the kinds of subgraphs there are here; PyG's enumeration has the same values.

    Example:
        >>> check_subgraph_type("bidirectional")
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'subgraph_type': got 'bidirectional', \
expected 'directional' or 'induced' (torch_geometric.transforms.ToUndirected makes the edges of a \
batch bidirectional)
    """
    name = getattr(value, "value", value)
    if name not in ("directional", "induced"):
        checks.fail("subgraph_type", repr(name), "'directional' or 'induced'",
                    "torch_geometric.transforms.ToUndirected makes the edges of a batch "
                    "bidirectional" if name == "bidirectional" else "")
