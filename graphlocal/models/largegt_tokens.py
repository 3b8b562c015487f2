"""The batches LargeGT takes: nodes sampled around each node, with features of several hops."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from ..graph.checks import check_count, check_features, fail
from ..loader import LocalTokenSampler
from ..ops.rows import as_undirected, device_of, to_nodes
from ..transforms import hop_features

#: Where fewer than this share of the drawn nodes are different ones, each is kept once.
_SHARED_BELOW = 0.5


class TokenBatch(NamedTuple):
    """A batch of nodes as :class:`LargeGT` takes it: ``model(*batch)``.

    Args:
        hops: Features of sampled nodes, and after one hop, two hops, ...
        tokens: Rows of ``hops`` in each sequence; ``None`` where ``hops`` are sequences.
        pos_enc: Positions of the batch's nodes, where they have some.
        n_id: Numbers of the batch's nodes.

    Shapes:
        - **hops:** :math:`(B, K, T, F)`, or :math:`(U, T, F)` with **tokens**
        - **tokens:** :math:`(B, K)` *(optional)*
        - **pos_enc:** :math:`(B, F_{pos})` *(optional)*
        - **n_id:** :math:`(B)`

    Example:
        >>> batch = TokenBatch(torch.zeros(2, 5, 3, 8), None, None, torch.tensor([4, 7]))
        >>> batch.n_id.tolist()
        [4, 7]
    """

    hops: Tensor
    tokens: Tensor | None
    pos_enc: Tensor | None
    n_id: Tensor


class HopTokens:
    r"""Tokens of nodes: each node, and others drawn from within two hops of it, with their features
    :math:`\mathbf{X}`, :math:`\mathbf{P X}`, :math:`\mathbf{P}^2 \mathbf{X}`.

    Smoothed features are computed once, see :func:`~graphlocal.transforms.hop_features`; nodes are
    drawn when a batch asks for them, see :class:`~graphlocal.loader.LocalTokenSampler`, by random
    numbers of the seed, the epoch and the node alone. Where a batch draws the same nodes often,
    each is in it once. A batch is on the device of the nodes asked for, wherever ``x`` is.

    Args:
        x: Node features.
        graph: Anything :func:`~graphlocal.ops.as_adjacency` takes.
        num_tokens: Nodes in a sequence, the node itself among them; 1 draws none.
        num_hops: Hops of smoothing. Default: ``2``.
        pos_enc: Positions of the nodes. Default: ``None``.
        law: ``"exact"`` draws from neighbours and the nodes two hops away, as the paper's code;
            ``"path"`` from neighbours and paths of two steps, faster. Default: ``"exact"``.
        include_self: Whether the node may be drawn again, as with the paper's code.
            Default: ``True``.
        distinct: With the exact law, whether a neighbour that is two hops away as well is one
            candidate, where the paper's code has two. Default: ``False``.
        direction: What a directed graph is taken as; nodes are drawn along the edges that features
            are smoothed along. Default: ``"undirected"``.
        resample: Whether every epoch draws anew; the paper's code draws once. Default: ``True``.
        seed: Of the draws. Default: ``0``.

    Shapes:
        - **x:** :math:`(N, F)`
        - **pos_enc:** :math:`(N, F_{pos})`

    Raises:
        GraphError: If an argument is out of range or does not fit the graph.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
        >>> batches = HopTokens(torch.randn(4, 8), edge_index, num_tokens=3)
        >>> batch = batches(torch.tensor([0, 2]), epoch=1)
        >>> batch.hops.shape, batch.tokens
        (torch.Size([2, 3, 3, 8]), None)
    """

    def __init__(
        self,
        x: Tensor,
        graph: Any,
        num_tokens: int = 50,
        *,
        num_hops: int = 2,
        pos_enc: Tensor | None = None,
        law: Literal["exact", "path"] = "exact",
        include_self: bool = True,
        distinct: bool = False,
        direction: Literal["undirected", "incoming", "reference"] = "undirected",
        resample: bool = True,
        seed: int = 0,
    ) -> None:
        self.num_tokens = check_count(num_tokens, "num_tokens", least=1)
        self.resample = bool(resample)
        check_features(x, None)
        if direction == "undirected":
            graph = as_undirected(graph, len(x))
        self.hops = [x.detach(), *hop_features(x, graph, num_hops, direction)]
        if pos_enc is not None:
            check_features(pos_enc, None, "pos_enc")
            if len(pos_enc) != len(x):
                fail("pos_enc", f"{len(pos_enc)} rows", f"{len(x)}, one per node")
        self.pos_enc = pos_enc
        self.sampler = None
        if num_tokens > 1:
            self.sampler = LocalTokenSampler(
                graph, num_tokens, law, seed=seed, include_self=include_self, distinct=distinct,
                direction="in" if direction == "incoming" else "out", num_nodes=len(x))

    def sample(self, nodes: Tensor, epoch: int = 0) -> Tensor:
        """Nodes ``[B, K]`` of the sequences, each node first in its own.

        Args:
            nodes: Numbers of nodes ``[B]``.
            epoch: Of the random numbers, where there is resampling.
        """
        if self.sampler is None:
            found = torch.tensor(to_nodes(nodes, len(self.hops[0]))).view(-1, 1)
            return found.to(device_of(nodes))
        return self.sampler(nodes, epoch=epoch if self.resample else 0)

    def __call__(self, nodes: Tensor, epoch: int = 0) -> TokenBatch:
        """The batch of some nodes.

        Args:
            nodes: Numbers of nodes ``[B]``.
            epoch: Of the random numbers, where there is resampling.
        """
        return self.gather(self.sample(nodes, epoch))

    def gather(self, drawn: Tensor) -> TokenBatch:
        """The batch of sequences that :meth:`sample` drew.

        Args:
            drawn: Nodes ``[B, K]``.
        """
        nodes = drawn[:, 0]
        pos_enc = None
        if self.pos_enc is not None:
            pos_enc = self.pos_enc[nodes.to(self.pos_enc.device)].to(nodes.device)
        different, tokens = drawn.unique(return_inverse=True)
        if different.numel() < _SHARED_BELOW * drawn.numel():
            return TokenBatch(self._features(different), tokens, pos_enc, nodes)
        hops = self._features(drawn.flatten())
        return TokenBatch(hops.view(*drawn.shape, *hops.shape[1:]), None, pos_enc, nodes)

    def _features(self, nodes: Tensor) -> Tensor:
        """Hop features ``[M, T, F]`` of nodes ``[M]``."""
        there = nodes.to(self.hops[0].device)
        return torch.stack([hop.index_select(0, there) for hop in self.hops], 1).to(nodes.device)
