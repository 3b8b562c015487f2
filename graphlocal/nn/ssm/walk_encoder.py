"""Tokens from what their walks see on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import checks
from .edge_lookup import find_edges


def walk_features(walks: Tensor, graph: Any, window: int, *,
                  num_nodes: int | None = None) -> Tensor:
    r"""What "Walking Out of the Weisfeiler Leman Hierarchy: Graph Learning Beyond Message Passing"
    (arXiv:2102.08786) reads of the structure along a walk.

    At each step, for each of the ``window`` steps before it: whether the walk was at the same node
    (identity), and, but for the one just before, whether it was at an in-neighbour (adjacency).

    Args:
        walks: Nodes of the walks.
        graph: What :func:`~graphlocal.ops.as_adjacency` takes.
        window: How far back to look.
        num_nodes: Number of nodes, where the graph does not say it. Default: ``None``.

    Shapes:
        - **walks:** :math:`(*, L)`
        - **output:** :math:`(*, L, 2w - 1)`, 0 or 1

    Raises:
        GraphError: If the window is no positive number or the graph malformed.

    Example:
        >>> triangle = torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]])
        >>> walk_features(torch.tensor([0, 1, 2, 0]), triangle, 3)
        tensor([[0., 0., 0., 0., 0.],
                [0., 0., 0., 0., 0.],
                [0., 0., 0., 1., 0.],
                [0., 0., 1., 1., 0.]])
    """
    checks.check_count(window, "window", least=1)
    seen = torch.zeros(*walks.shape, 2 * window - 1, device=walks.device)
    for back in range(1, min(window, walks.size(-1) - 1) + 1):
        now, before = walks[..., back:], walks[..., :-back]
        seen[..., back:, back - 1] = (now == before).float()
        if back > 1:
            edge = find_edges(graph, before, now, num_nodes=num_nodes)
            seen[..., back:, window + back - 2] = (edge >= 0).float()
    return seen


class WalkEncoder(nn.Module):
    r"""Tokens from random-walk features: at every step of a walk the features of the node and of
    the edge taken, and :func:`walk_features` of the structure; a network for each step, then the
    mean over all steps of the :math:`M` walks of a token.

    Args:
        channels: Size of a node's features and of a token.
        window: How far back structure is looked at. Default: ``4``.
        edge_dim: Size of an edge's features. Default: ``None``, edges have none.

    Shapes:
        - **x:** :math:`(N, C)`
        - **walks:** :math:`(n, s, M, l + 1)` for each length :math:`l`, from
          :meth:`WalkTokenizer.walks`
        - **edge_attr:** :math:`(E, F_e)` *(optional)*
        - **output:** :math:`(n T, C)`, a row per token

    Raises:
        GraphError: If an argument or a shape is wrong.

    Example:
        >>> from graphlocal.nn.ssm import WalkTokenizer
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> nodes, tokenizer = torch.arange(3), WalkTokenizer(m=2, M=3)
        >>> walks = tokenizer.walks(path, nodes)
        >>> WalkEncoder(8)(torch.randn(3, 8), nodes, walks, path).shape
        torch.Size([9, 8])
    """

    def __init__(self, channels: int, *, window: int = 4, edge_dim: int | None = None) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.window = checks.check_count(window, "window", least=1)
        self.lin_node = nn.Linear(channels, channels)
        self.lin_seen = nn.Linear(2 * window - 1, channels, bias=False)
        self.lin_edge = None if edge_dim is None else nn.Linear(
            checks.check_count(edge_dim, "edge_dim", least=1), channels, bias=False)
        self.lin_step = nn.Linear(channels, channels)
        self.lin = nn.Linear(channels, channels)

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            module.reset_parameters()

    def forward(self, x: Tensor, nodes: Tensor, walks: Sequence[Tensor], graph: Any,
                edge_attr: Tensor | None = None) -> Tensor:
        """A vector for every token.

        Args:
            x: Features of all nodes of the graph.
            nodes: Whose tokens.
            walks: Their walks of each length.
            graph: The graph that was walked.
            edge_attr: Features of its edges. Default: ``None``.
        """
        checks.check_features(x, self.channels)
        node = self.lin_node(x)
        edge = None if self.lin_edge is None else self.lin_edge(edge_attr)
        own = self.lin(x).index_select(0, nodes)
        all_walks = (nodes.view(-1, 1, 1, 1), *walks)  # that of length 0 first
        rows = [self._read(walk, node, edge, graph) for walk in all_walks]
        return (torch.cat(rows, 1) + own[:, None]).flatten(0, 1)

    def _read(self, walks: Tensor, node: Tensor, edge: Tensor | None, graph: Any) -> Tensor:
        """``[n, s, C]``"""
        count = node.size(0)
        h = node.index_select(0, walks.flatten()).view(*walks.shape, self.channels)
        h = h + self.lin_seen(walk_features(walks, graph, self.window, num_nodes=count).to(h.dtype))
        if edge is not None and len(edge) and walks.size(-1) > 1:
            number = find_edges(graph, walks[..., :-1], walks[..., 1:], num_nodes=count)
            taken = edge.index_select(0, number.clamp(min=0).flatten())
            # A walk that stays takes no edge.
            taken = taken.view(*number.shape, self.channels) * (number >= 0).unsqueeze(-1)
            h = h + nn.functional.pad(taken, (0, 0, 1, 0))
        return self.lin_step(h.relu()).relu().mean((2, 3))
