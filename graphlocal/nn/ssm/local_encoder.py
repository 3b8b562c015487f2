"""Token subgraphs as vectors."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from ...graph import checks
from ...ops import segment_reduce
from .edge_lookup import find_edges
from .walk_tokenizer import WalkTokens


class LocalEncoder(nn.Module):
    r"""A convolution on every token subgraph, pooled, and added to a map of the node itself:

    .. math::
        \mathbf{t} = \mathrm{pool}_{u \in T} \, \mathrm{ReLU}(\mathrm{conv}(\mathbf{X}_T,
        \mathcal{E}_T)_u) + \mathbf{W} \mathbf{x}_v

    Args:
        channels: Size of a node's features and of a token.
        conv: Called as ``conv(x, edge_index, **edge arguments)``: a layer of this package or any
            convolution of PyG which gives back ``channels`` columns; ``None`` pools features.
        pooling: ``"mean"`` or ``"sum"``. Default: ``"mean"``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **edge_attr:** :math:`(E, F_e)` *(optional)*
        - **output:** :math:`(n T, C)`, a row per token

    Raises:
        GraphError: If an argument is unknown, or features and tokens do not fit together.

    Example:
        >>> from torch_geometric.nn import SAGEConv
        >>> from graphlocal.nn.ssm import WalkTokenizer
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> tokens = WalkTokenizer(m=2, M=3)(path)
        >>> LocalEncoder(8, SAGEConv(8, 8))(torch.randn(3, 8), tokens).shape
        torch.Size([9, 8])
    """

    def __init__(self, channels: int, conv: nn.Module | None = None, *,
                 pooling: Literal["mean", "sum"] = "mean") -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        if conv is not None and not isinstance(conv, nn.Module):
            checks.fail("conv", repr(conv), "a module or None", kind=checks.GraphTypeError)
        self.pooling = checks.check_choice(pooling, "pooling", ("mean", "sum"))
        self.conv, self.lin = conv, nn.Linear(channels, channels)

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)

    def forward(self, x: Tensor, tokens: WalkTokens, edge_attr: Tensor | None = None,
                graph: Any = None) -> Tensor:
        """A vector for every token.

        Args:
            x: Features of all nodes of the graph.
            tokens: The subgraphs.
            edge_attr: Features of the edges of the graph. Default: ``None``.
            graph: The graph, which says which edge of it each edge of a token is; needed with
                ``edge_attr`` only. Default: ``None``.
        """
        checks.check_features(x, self.channels)
        h = x.index_select(0, tokens.node)
        if self.conv is not None:
            edges = {}
            if edge_attr is not None:
                edges["edge_attr"] = edge_attr.index_select(0, token_edges(graph, tokens,
                                                                           x.size(0)))
            h = self.conv(h, tokens.edge_index, **edges).relu()
        own = tokens.node[tokens.ptr[:-1]]
        return segment_reduce(h, tokens.ptr, self.pooling) + self.lin(x).index_select(0, own)


def token_edges(graph: Any, tokens: WalkTokens, num_nodes: int | None = None) -> Tensor:
    """Number of the edge of the graph behind each edge of the tokens.

    Example:
        >>> from graphlocal.nn.ssm import WalkTokenizer
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> tokens = WalkTokenizer(m=1, M=4)(path)
        >>> number = token_edges(path, tokens)
        >>> torch.equal(path[:, number], tokens.node[tokens.edge_index])
        True
    """
    if graph is None:
        checks.fail("graph", "None", "the graph of the tokens, for there are features of edges")
    ends = tokens.edge_index
    count = torch.arange(ends.size(1), device=ends.device)
    new = torch.ones_like(count, dtype=torch.bool)
    new[1:] = (ends[:, 1:] != ends[:, :-1]).any(0)
    # Parallel edges stand next to each other.
    repeat = count - torch.where(new, count, 0).cummax(0).values if count.numel() else count
    source, target = tokens.node[ends]
    return find_edges(graph, source, target, num_nodes=num_nodes, repeat=repeat)
