"""A graph whose edges are split into those to learn from and those to predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...graph.checks import (
    check_bounds,
    check_count,
    check_integers,
    check_positive,
    fail,
    to_numpy,
)
from ...graph.csr import CSRGraph
from ...loader import NegativePairs
from ...loader.pairs import pair_columns

__all__ = ["LinkData"]


@dataclass(frozen=True, eq=False)
class LinkData:
    """Edges to learn from, edges to predict and pairs to tell them from.

    Messages flow along the training edges only, in both directions. Negatives are common to all
    positives, ``[2, M]``, as in Hits@K, or belong to one each, ``[2, P, M]``, as in MRR. Training
    negatives are not kept: they are drawn anew in every epoch.

    Args:
        num_nodes: Number of nodes N.
        train: Training edges. One listed twice counts twice in the loss and once in the graph.
        val: Validation edges.
        val_neg: Pairs to be scored below them.
        test: Test edges.
        test_neg: Pairs to be scored below them.
        x: Node features, or integer ids of node kinds; ``None`` where there are none.

    Shapes:
        - **train, val, test:** :math:`(2, P)`
        - **val_neg, test_neg:** :math:`(2, M)` or :math:`(2, P, M)`
        - **x:** :math:`(N, F)`, or :math:`(N)` integers

    Raises:
        GraphError: If a split is empty, an index is out of range or a shape is wrong.

    Example:
        >>> from graphlocal.datasets import DigitsGraph
        >>> data = LinkData.random(DigitsGraph()[0].edge_index, seed=0)
        >>> data
        LinkData(num_nodes=1797, train=4418, val=630, test=1261)
        >>> data.val_neg.shape
        torch.Size([2, 1261])
    """

    num_nodes: int
    train: Tensor
    val: Tensor
    val_neg: Tensor
    test: Tensor
    test_neg: Tensor
    x: Tensor | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_count(self.num_nodes, "num_nodes", least=1)
        for name in ("train", "val", "test"):
            pairs = pair_columns(getattr(self, name), name, self.num_nodes)
            if pairs.size(1) == 0:
                fail(name, "no edge", "at least one edge in every split")
            object.__setattr__(self, name, pairs)
        for name, positive in (("val_neg", self.val), ("test_neg", self.test)):
            object.__setattr__(self, name, self._check_negatives(name, positive))
        if self.x is not None and (not isinstance(self.x, Tensor) or self.x.dim() not in (1, 2)
                                   or self.x.size(0) != self.num_nodes):
            got = f"shape {tuple(self.x.shape)}" if isinstance(self.x, Tensor) else (
                type(self.x).__name__)
            fail("x", got, f"a tensor of shape ({self.num_nodes}, F) or ({self.num_nodes},)")

    def _check_negatives(self, name: str, positive: Tensor) -> Tensor:
        pairs = getattr(self, name)
        if not isinstance(pairs, Tensor):
            pairs = torch.from_numpy(check_integers(to_numpy(pairs, name), name))
        count = positive.size(1)
        if pairs.dim() != 3:
            pairs = pair_columns(pairs, name, self.num_nodes)
        elif pairs.size(0) != 2 or pairs.size(1) != count or (
                pairs.is_floating_point() or pairs.is_complex() or pairs.dtype is torch.bool):
            fail(name, f"shape {tuple(pairs.shape)}, {pairs.dtype}",
                 f"integers of shape (2, M) or (2, {count}, M)")
        elif pairs.numel():
            low, high = torch.aminmax(pairs)
            check_bounds(int(low), int(high), name, self.num_nodes, "num_nodes")
        if pairs.numel() == 0:
            fail(name, "no pair", "at least one pair to compare the edges with")
        return pairs

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={getattr(self, name).size(1)}"
                          for name in ("train", "val", "test"))
        return f"LinkData(num_nodes={self.num_nodes}, {sizes})"

    @cached_property
    def edge_index(self) -> Tensor:
        """The training graph: both directions of every training edge, once."""
        return self._both_directions(self.train)

    @cached_property
    def full_edge_index(self) -> Tensor:
        """The graph of training and validation edges."""
        return self._both_directions(torch.cat([self.train, self.val], dim=1))

    def _both_directions(self, edges: Tensor) -> Tensor:
        graph = CSRGraph.from_edge_index(edges, self.num_nodes)
        row = np.repeat(np.arange(self.num_nodes), graph.degree)
        # Sorted by target, as layers group edges.
        both = np.stack([graph.col.astype(np.int64), row])
        return torch.from_numpy(both).to(self.train.device)

    @classmethod
    def random(
        cls,
        graph: Any,
        num_nodes: int | None = None,
        *,
        val: float = 0.1,
        test: float = 0.2,
        num_negatives: int | None = None,
        x: Tensor | None = None,
        seed: int = 0,
    ) -> LinkData:
        """A uniform split of an undirected graph's edges; negatives are no edges of any split.

        The defaults are those of the papers on the citation graphs: 70 % of the edges to train
        with, 10 % and 20 % to validate and to test with, and as many negatives for each of the two
        as there are test edges.

        Args:
            graph: ``edge_index`` with either or both directions, or a CSRGraph.
            num_nodes: Number of nodes; ``None`` takes what the graph knows.
            val: Share of validation edges, rounded down.
            test: Share of test edges, rounded down.
            num_negatives: Pairs in each of ``val_neg`` and ``test_neg``, none in both; ``None``
                means as many as test edges.
            x: Node features.
            seed: Of the split and the negatives.

        Shapes:
            - **graph:** :math:`(2, E)`
            - **x:** :math:`(N, F)`

        Raises:
            GraphError: If a share is not between 0 and 1, a split is left without edges, or the
                graph has too few pairs that are no edges.

        Example:
            >>> path = torch.arange(9).unfold(0, 2, 1).t()
            >>> LinkData.random(path, val=0.25, test=0.25, seed=1)
            LinkData(num_nodes=9, train=4, val=2, test=2)
        """
        if not isinstance(graph, CSRGraph):
            graph = CSRGraph.from_edge_index(graph, num_nodes)
        for name, share in (("val", val), ("test", test)):
            check_positive(share, name)
        if val + test >= 1:
            fail("val + test", f"{val + test:g}", "less than 1", "edges to train with are needed")
        edges = torch.from_numpy(graph.to_edges().T.copy()).long()
        generator = torch.Generator().manual_seed(check_count(seed, "seed"))
        edges = edges[:, torch.randperm(edges.size(1), generator=generator)]
        # Shares like 0.1 are no binary fractions: a tenth of 30 edges shall be 3, not 2.
        num_val, num_test = (int(share * edges.size(1) + 1e-9) for share in (val, test))
        count = num_test if num_negatives is None else check_count(
            num_negatives, "num_negatives", least=1)
        missing = NegativePairs(graph)
        if 2 * count > missing.num_missing:
            fail("num_negatives", str(count), f"at most {missing.num_missing // 2}",
                 f"the graph has {missing.num_missing} pairs that are no edges")
        negatives = missing.sample(2 * count, generator)
        return cls(graph.num_nodes, edges[:, num_val + num_test:], edges[:, :num_val],
                   negatives[:, :count], edges[:, num_val:num_val + num_test],
                   negatives[:, count:], x)

    @classmethod
    def from_ogb(
        cls,
        split_edge: Mapping[str, Mapping[str, Any]],
        num_nodes: int,
        x: Tensor | None = None,
    ) -> LinkData:
        """The split of an OGB data set, as ``dataset.get_edge_split()`` gives it.

        Args:
            split_edge: For ``train, valid, test`` a dict with ``edge`` (and ``edge_neg``), rows of
                pairs, or with ``source_node``, ``target_node`` (and ``target_node_neg``).
            num_nodes: Number of nodes.
            x: Node features.

        Shapes:
            - **edge, edge_neg:** :math:`(P, 2)`
            - **source_node, target_node:** :math:`(P)`; **target_node_neg:** :math:`(P, M)`
            - **x:** :math:`(N, F)`

        Raises:
            GraphError: If a split or one of its entries is missing.

        Example:
            >>> edge = torch.tensor([[0, 1], [1, 2]])
            >>> part = {"edge": edge, "edge_neg": torch.tensor([[0, 3]])}
            >>> LinkData.from_ogb({"train": {"edge": edge}, "valid": part, "test": part}, 4)
            LinkData(num_nodes=4, train=2, val=2, test=2)
        """
        parts: dict[str, Tensor] = {}
        for key, name in (("train", "train"), ("valid", "val"), ("test", "test")):
            entry = split_edge.get(key) if isinstance(split_edge, Mapping) else None
            if not isinstance(entry, Mapping):
                fail("split_edge", f"no entry {key!r}", "train, valid and test",
                     "pass dataset.get_edge_split()")
            tensors = {label: torch.as_tensor(value) for label, value in entry.items()
                       if label in _OGB_ENTRIES}
            if "edge" in tensors:
                parts[name] = tensors["edge"].t().contiguous()
                negative = tensors.get("edge_neg")
                if negative is not None:
                    negative = negative.t().contiguous()
            elif {"source_node", "target_node"} <= tensors.keys():
                source = tensors["source_node"]
                parts[name] = torch.stack([source, tensors["target_node"]])
                negative = tensors.get("target_node_neg")
                if negative is not None:
                    # A thousand for each of a hundred thousand edges: half the memory matters.
                    negative = torch.stack([source[:, None].expand_as(negative), negative]).to(
                        torch.int32 if num_nodes < 2**31 else torch.int64)
            else:
                fail("split_edge", f"{key!r} with {', '.join(map(repr, entry)) or 'nothing'}",
                     "'edge', or 'source_node' and 'target_node'")
            if key != "train":
                if negative is None:
                    fail("split_edge", f"{key!r} without negatives",
                         "'edge_neg' or 'target_node_neg'")
                parts[f"{name}_neg"] = negative
        return cls(num_nodes, x=x, **parts)

    def to(self, device: torch.device | str) -> LinkData:
        """The same data on another device.

        Args:
            device: Where to.

        Example:
            >>> path = torch.arange(31).unfold(0, 2, 1).t()
            >>> LinkData.random(path).to("cpu").num_nodes
            31
        """
        move = {name: getattr(self, name) for name in
                ("train", "val", "val_neg", "test", "test_neg", "x")}
        return LinkData(self.num_nodes, **{name: value if value is None else value.to(device)
                                           for name, value in move.items()})


_OGB_ENTRIES = {"edge", "edge_neg", "source_node", "target_node", "target_node_neg"}
