"""Tokens of nodes, drawn from their two-hop neighbourhoods."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..graph import checks
from ..graph.csr import CSRGraph
from ..kernels.cpu import draws
from ..kernels.cpu import local_tokens as kernel
from ..kernels.cpu.counter_random import draw_key
from ..kernels.cpu.parallel import row_blocks, run_blocks
from ..ops.rows import (
    Direction,
    Rows,
    as_rows,
    as_undirected,
    device_of,
    frozen,
    merge_parallel,
    to_nodes,
)

Law = Literal["exact", "path"]
#: Tells the numbers drawn here from those that ops draw for the same seed and epoch.
PURPOSE = 3


class LocalTokenSampler:
    r"""Draws for a node a sequence of nodes from its two-hop neighbourhood, itself first.

    The sequences of LargeGT, `"Graph Transformers for Large Graphs"
    <https://arxiv.org/abs/2312.11109>`_, whose authors multiply the adjacency matrix :math:`A` with
    itself; here :math:`A^2` never exists. A node has as candidates its neighbours, followed by

    - ``law="exact"``: the different ends of its paths of two edges, the law of the authors. A
      neighbour that is such an end, too, is a candidate twice; so is, in undirected graphs, the
      node itself once.
    - ``law="path"``: the ends of all of them, as often as there are paths: nodes with which it
      shares much are drawn more often. Paths are counted and not listed, which is much faster
      around hubs.

    ``num_tokens - 1`` candidates are drawn without replacement. Where there are fewer, all of them
    are repeated in rounds, every round in an order of its own, of which the last is cut: the
    authors repeat them in the order of their numbers, which favours small numbers. A node without
    candidates gets nodes of the whole graph, as theirs does, in rounds again if there are too few;
    the only node of a graph gets itself.

    The tokens of a node depend on ``seed``, ``epoch`` and the node alone, not on the batch or on
    the number of threads; a node that is listed twice gets the same tokens twice.

    Args:
        graph: What :func:`~graphlocal.ops.as_adjacency` takes. Parallel edges count once.
        num_tokens: Tokens of a node with itself, :math:`K`.
        law: ``"exact"`` or ``"path"``. (default: ``"exact"``)
        seed: Names the draw. (default: ``0``)
        symmetrize: Follow edges in both directions, and no self loops. The authors do not: theirs
            follow edges as they stand. (default: ``False``)
        include_self: Whether the node may be drawn again. (default: ``True``)
        distinct: With ``law="exact"``, whether a neighbour that is an end, too, is one candidate
            instead of two. (default: ``False``)
        direction: ``"out"`` follows edges from their sources to their targets, ``"in"`` against
            that. (default: ``"out"``)
        num_nodes: Number of nodes; ``None`` takes what the graph knows. (default: ``None``)

    Raises:
        GraphError: If the graph is malformed, ``num_tokens`` is less than 1, an option is unknown,
            or ``distinct`` is asked of paths.

    Example:
        >>> star = torch.tensor([[0, 0, 0, 1, 2, 3], [1, 2, 3, 0, 0, 0]])
        >>> sampler = LocalTokenSampler(star, 4, include_self=False, distinct=True)
        >>> sampler([1]).sort().values.tolist()
        [[0, 1, 2, 3]]
        >>> sampler(torch.tensor([0, 1, 2]), epoch=5).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        graph: Any,
        num_tokens: int,
        law: Law = "exact",
        *,
        seed: int = 0,
        symmetrize: bool = False,
        include_self: bool = True,
        distinct: bool = False,
        direction: Direction = "out",
        num_nodes: int | None = None,
    ) -> None:
        self.num_tokens = checks.check_count(num_tokens, "num_tokens", least=1)
        self.law = checks.check_choice(law, "law", ("exact", "path"))
        self.seed = checks.check_count(seed, "seed", least=-(2**63))
        self.include_self, self.distinct = bool(include_self), bool(distinct)
        checks.check_choice(direction, "direction", ("out", "in"))
        if self.distinct and law == "path":
            checks.fail("distinct", "True with law='path'", "False",
                        "this law draws ends as often as paths lead to them")
        if symmetrize:
            graph = as_undirected(graph, num_nodes)
        rows = as_rows(graph, num_nodes, direction=direction, ordered=True)
        self._rows = rows if isinstance(graph, CSRGraph) else merge_parallel(rows)
        self._longest = int(np.diff(self._rows.rowptr).max(initial=0))

    @property
    def num_nodes(self) -> int:
        """Number of nodes of the graph."""
        return self._rows.num_nodes

    def __call__(self, nodes: Any, epoch: int = 0) -> Tensor:
        """Tokens of nodes, each a row that starts with the node.

        Args:
            nodes: Which nodes.
            epoch: Names the pass; every pass has a draw of its own. (default: ``0``)

        Shapes:
            - **nodes:** :math:`(n)`
            - **output:** :math:`(n, K)`, int64, on the device of ``nodes``

        Raises:
            GraphError: If a node is out of range or ``epoch`` is negative.

        Example:
            >>> path = torch.tensor([[0, 1], [1, 2]])
            >>> LocalTokenSampler(path, 3)([0]).sort().values.tolist()
            [[0, 1, 2]]
        """
        start = to_nodes(nodes, self.num_nodes)
        key = draw_key(self.seed, checks.check_count(epoch, "epoch"), PURPOSE)
        out = np.empty((len(start), self.num_tokens), np.int64)
        rows, count = self._rows, self.num_tokens - 1
        # What a node costs is not known before: blocks are small, and taken as threads get free.
        borders = row_blocks(np.arange(len(start) + 1) * 16 * self.num_tokens)
        table = 1 << draws.table_bits(count)
        if self.law == "exact":
            run_blocks(kernel.draw_exact, borders, rows.rowptr, rows.col, start, key,
                       self.include_self, self.distinct, out, scratch=lambda: (
                           np.zeros(self.num_nodes, np.uint8),
                           np.empty(self.num_nodes + self._longest + 1, rows.col.dtype),
                           np.empty(table, np.int64)))
        else:
            places = max(kernel.LISTED, 2) * count + 2
            run_blocks(kernel.draw_paths, borders, rows.rowptr, rows.col, start, key,
                       self.include_self, out, scratch=lambda: (
                           np.empty(places, rows.col.dtype),
                           np.empty(self._longest, np.int64),
                           np.empty(table, np.int64)))
        return torch.from_numpy(out).to(device_of(nodes))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_rows": tuple(self._rows)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Arrays come out of a pickle writable, for which kernels would be compiled once more.
        self.__dict__.update(state)
        self._rows = Rows(*map(frozen, state["_rows"]))

    def __repr__(self) -> str:
        return f"LocalTokenSampler({self.num_nodes} nodes, {self.num_tokens}, '{self.law}')"
