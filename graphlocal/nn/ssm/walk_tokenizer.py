"""Neighbourhoods of growing size as tokens, each the subgraph that a few walks uncovered."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import token_subgraphs as kernel
from ...kernels.cpu.counter_random import draw_key
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ...ops import random_walks
from ...ops.rows import as_rows, device_of, to_nodes

#: Tells the numbers drawn here from those of other users of the same seed.
_PURPOSE = 5


class WalkTokens(NamedTuple):
    """Token subgraphs of some nodes, packed one after another.

    Args:
        node: Node of the graph in each place. The first of every token is the node it belongs to.
        ptr: Where each token starts. Those of one node follow each other, shortest walks first.
        edge_index: Edges between places, all those of the graph within each token.
        tokens_per_node: How many tokens every node has.

    Shapes:
        - **node:** :math:`(S)`
        - **ptr:** :math:`(n T + 1)`
        - **edge_index:** :math:`(2, E_S)`

    Example:
        >>> tokens = WalkTokenizer(m=0)(torch.tensor([[0, 1], [1, 2]]))
        >>> tokens.node.tolist(), tokens.token.tolist()
        ([0, 1, 2], [0, 1, 2])
    """

    node: Tensor
    ptr: Tensor
    edge_index: Tensor
    tokens_per_node: int

    @property
    def token(self) -> Tensor:
        """Token of each place, ``[S]``: the ``batch`` vector of a pooling."""
        count = torch.arange(self.ptr.numel() - 1, device=self.ptr.device)
        return count.repeat_interleave(self.ptr.diff(), output_size=self.node.numel())


class WalkTokenizer:
    r"""Tokens of "Graph Mamba: Towards Learning on Graphs with State Space Models"
    (arXiv:2402.08678): subgraphs of random-walk neighbourhoods of growing length.

    Token 0 of a node is the node itself. For each length :math:`1, \ldots, m` there are :math:`s`
    tokens, each the subgraph induced by all nodes that :math:`M` walks of this length visit: with
    :math:`m = 0` that is one token per node, otherwise :math:`1 + sm`. Walks follow edges from
    source to target and stay where there is no way on. They depend on the seed, the epoch and the
    node alone.

    Memory grows with :math:`n s m M` and the edges found; hand over nodes in portions where all
    at once would be too many.

    Args:
        m: Longest walk.
        M: Walks that make up a token.
        s: Tokens of each length.
        seed: Names the draw. Default: ``0``.
        non_backtracking: Whether walks never turn back unless they must. Default: ``False``.

    Shapes:
        - **nodes:** :math:`(n)` *(optional)*

    Raises:
        GraphError: If a number is too small or a node out of range.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> tokens = WalkTokenizer(m=1, M=16, s=1)(path)
        >>> tokens.tokens_per_node, tokens.ptr.tolist()
        (2, [0, 1, 3, 4, 7, 8, 10])
        >>> tokens.node.tolist()[:3]
        [0, 0, 1]
    """

    def __init__(self, m: int, M: int = 1, s: int = 1, seed: int = 0, *,
                 non_backtracking: bool = False) -> None:
        self.m = checks.check_count(m, "m")
        self.M = checks.check_count(M, "M", least=1)
        self.s = checks.check_count(s, "s", least=1)
        self.seed = checks.check_count(seed, "seed", least=-(2**63))
        self.non_backtracking = bool(non_backtracking)

    @property
    def tokens_per_node(self) -> int:
        """How many tokens every node has."""
        return 1 + self.s * self.m

    def __call__(self, graph: Any, nodes: Any = None, *, epoch: int = 0,
                 num_nodes: int | None = None, names: Any = None) -> WalkTokens:
        """Tokens of the nodes.

        Args:
            graph: What :func:`~graphlocal.ops.as_adjacency` takes.
            nodes: Whose tokens; ``None`` for those of all. Default: ``None``.
            epoch: Names the pass; every pass has tokens of its own. Default: ``0``.
            num_nodes: Number of nodes, where the graph does not say it. Default: ``None``.
            names: Numbers that stand for the nodes in the draw, such as their places within the
                graphs of a batch. Default: ``None``, the nodes themselves.
        """
        rows = as_rows(graph, num_nodes, direction="in", ordered=True)
        if nodes is None:
            nodes = torch.arange(rows.num_nodes)
        device, chosen = device_of(nodes), to_nodes(nodes, rows.num_nodes)
        visited = [walk.flatten(2).numpy() for walk in
                   self.walks(graph, chosen, epoch=epoch, num_nodes=num_nodes, names=names)]
        lengths = np.array([1] + [part.shape[2] for part in visited for _ in range(self.s)])
        parts = [chosen[:, None], *(part.reshape(len(chosen), self.s * part.shape[2])
                                    for part in visited)]
        bag = np.concatenate(parts, axis=1).ravel()
        bag_ptr = np.zeros(len(chosen) * len(lengths) + 1, np.int64)
        np.cumsum(np.tile(lengths, len(chosen)), out=bag_ptr[1:])
        return WalkTokens(*_induce(rows, bag_ptr, bag, int(lengths.max()), device),
                          self.tokens_per_node)

    def walks(self, graph: Any, nodes: Any, *, epoch: int = 0,
              num_nodes: int | None = None, names: Any = None) -> list[Tensor]:
        """The walks behind the tokens, ``[n, s, M, length + 1]`` for each length from 1 to m."""
        found = []
        for length in range(1, self.m + 1):
            # A draw of its own for each length: otherwise short walks would begin the long ones.
            seed = int(draw_key(self.seed, length, _PURPOSE)) - 2**63
            walk = random_walks(graph, nodes, length, self.s * self.M, seed, epoch,
                                self.non_backtracking, num_nodes=num_nodes, names=names)
            found.append(walk.view(-1, self.s, self.M, length + 1))
        return found

    def __repr__(self) -> str:
        return f"WalkTokenizer(m={self.m}, M={self.M}, s={self.s}, seed={self.seed})"


def _induce(rows: Any, bag_ptr: np.ndarray, bag: np.ndarray, longest: int,
            device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    count = len(bag_ptr) - 1
    sizes = np.empty((count, 2), np.int64)
    borders = row_blocks(bag_ptr)

    def scratch() -> tuple[np.ndarray, np.ndarray]:
        return np.full(rows.num_nodes, -1, np.int32), np.empty(longest, np.int64)

    run_blocks(kernel.count_tokens, borders, bag_ptr, bag, rows.rowptr, rows.col,
               np.empty((2, 0), np.int64), sizes, scratch=scratch)
    ptr = np.zeros((2, count + 1), np.int64)
    np.cumsum(sizes.T, axis=1, out=ptr[:, 1:])
    node, edge_index = np.empty(ptr[0, -1], np.int64), np.empty((2, ptr[1, -1]), np.int64)
    run_blocks(kernel.fill_tokens, borders, bag_ptr, bag, rows.rowptr, rows.col, *ptr, node,
               edge_index, scratch=scratch)
    return tuple(torch.from_numpy(part).to(device) for part in (node, ptr[0], edge_index))
