"""Mini-batches of links: on the whole graph, or on the neighbourhoods of their nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torch_geometric.data import Data

from ..graph.checks import check_choice, check_count, fail
from ..graph.csr import CSRGraph
from .negatives import NegativePairs
from .pairs import pair_columns
from .subgraph import induced_edges, k_hop_nodes


class LinkLoader(DataLoader):
    r"""Mini-batches of edges and as many pairs that are none, drawn anew in every pass.

    A batch is a ``Data`` with ``edge_label_index``, positives first, and ``edge_label``. It is of
    one of two kinds:

    - ``num_hops=None``: the whole graph. ``edge_index`` is the tensor that was passed in, so what
      layers remember of it is kept from batch to batch.
    - ``num_hops=k``: the subgraph induced on all nodes within ``k`` steps of the batch's pairs, in
      numbers of its own; ``n_id`` says which nodes they are. No neighbourhood is sampled: common
      neighbours are those of the whole graph. Embeddings of ``L`` layers are those of the whole
      graph for the pairs from ``k = L`` on, for their common neighbours from ``k = L + 1`` on,
      with layers that divide by degrees one more.

    The last batch may be smaller; a batch size above the number of edges gives one batch.

    Args:
        edge_index: The graph messages flow along, in both directions.
        edge_label_index: The positives.
        batch_size: Positives in a batch.
        num_nodes: Number of nodes; ``None`` takes one more than the largest index.
        x: Node features; every batch has those of its nodes.
        num_hops: Steps around the pairs, or ``None`` for the whole graph.
        negatives: ``"uniform"`` draws pairs of the whole graph without replacement, ``"target"``
            keeps the source of each positive, ``None`` draws none. Pairs joined in ``edge_index``
            are never drawn, nor is a node with itself.
        shuffle: Whether every pass has an order of its own.
        generator: Source of order and negatives; ``None`` takes torch's own.
        num_workers: Processes that cut subgraphs out; 0 where ``num_hops`` is ``None``.
        **kwargs: Further arguments of ``DataLoader``.

    Shapes:
        - **edge_index:** :math:`(2, E)`
        - **edge_label_index:** :math:`(2, P)`
        - **x:** :math:`(N, F)`, dense or sparse

    Raises:
        GraphError: If an index is out of range, there is no positive, or the graph lacks too few
            edges.

    Example:
        >>> ring = torch.stack([torch.arange(6), (torch.arange(6) + 1) % 6])
        >>> both = torch.cat([ring, ring.flip(0)], dim=1)
        >>> [batch.edge_label.tolist() for batch in LinkLoader(both, ring, batch_size=4)]
        [[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
        >>> batch = next(iter(LinkLoader(both, ring, 1, num_hops=1, negatives=None, shuffle=False)))
        >>> batch.n_id.tolist(), batch.edge_label_index.tolist()
        ([0, 1, 2, 5], [[0], [1]])
    """

    def __init__(
        self,
        edge_index: Tensor,
        edge_label_index: Tensor,
        batch_size: int = 1024,
        *,
        num_nodes: int | None = None,
        x: Tensor | None = None,
        num_hops: int | None = None,
        negatives: Literal["uniform", "target"] | None = "uniform",
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        num_workers: int = 0,
        **kwargs: Any,
    ) -> None:
        batch_size = check_count(batch_size, "batch_size", least=1)
        check_choice(negatives, "negatives", ("uniform", "target", None))
        for name in ("dataset", "sampler", "batch_sampler", "collate_fn", "drop_last",
                     "persistent_workers"):
            if name in kwargs:
                fail(name, repr(kwargs[name]), "no such argument", "the loader sets its own")
        if num_hops is None and num_workers:
            fail("num_workers", str(num_workers), "0 with num_hops=None",
                 "a batch on the whole graph has nothing to prepare")
        links = _Links(edge_index, edge_label_index, num_nodes, x, num_hops, negatives, generator)
        batches = _Batches(links.positive.size(1), batch_size, shuffle, generator)
        super().__init__(links, batch_size=None, sampler=batches, num_workers=num_workers,
                         **kwargs)

    def __iter__(self) -> Iterator[Data]:
        # Both are drawn before there are workers, so that these change nothing.
        self.dataset.draw()
        self.sampler.draw()
        return super().__iter__()


class _Batches(Sampler[Tensor]):
    """Numbers of the positives, a tensor for each batch."""

    def __init__(self, total: int, size: int, shuffle: bool,
                 generator: torch.Generator | None) -> None:
        self.total, self.size, self.shuffle, self.generator = total, size, shuffle, generator
        self.order = torch.arange(total)

    def draw(self) -> None:
        """The order of the next pass."""
        if self.shuffle:
            self.order = torch.randperm(self.total, generator=self.generator)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.order.split(self.size))

    def __len__(self) -> int:
        return -(-self.total // self.size)


class _Links(Dataset[Data]):
    """Positives, the negatives of this pass, and the graph they are batched on."""

    def __init__(self, edge_index: Tensor, positive: Tensor, num_nodes: int | None,
                 x: Tensor | None, num_hops: int | None, negatives: str | None,
                 generator: torch.Generator | None) -> None:
        edges = pair_columns(edge_index, "edge_index", num_nodes)
        if not isinstance(edge_index, Tensor):
            edge_index = edges
        if num_nodes is None:
            known = int(edges.max()) + 1 if edges.numel() else 0
            num_nodes = known if x is None else max(known, x.size(0))
        if x is not None and x.size(0) != num_nodes:
            fail("x", f"{x.size(0)} rows", f"{num_nodes}, one per node")
        if num_hops is not None and x is not None and x.layout is not torch.strided:
            # of the sparse layouts, this one alone can be cut
            x = x.to_sparse_coo().coalesce()
        self.num_nodes, self.x, self.edge_index = num_nodes, x, edge_index
        self.positive = pair_columns(positive, "edge_label_index", num_nodes)
        if self.positive.size(1) == 0:
            fail("edge_label_index", "no pair", "at least one edge to learn from")
        self.num_hops = None if num_hops is None else check_count(num_hops, "num_hops", least=1)
        self.kind, self.generator = negatives, generator
        self.negative: Tensor | None = None
        self.graph = self.missing = None
        if negatives is not None or num_hops is not None:
            graph = CSRGraph.from_edge_index(edge_index.cpu(), num_nodes)
            self.graph = graph if num_hops is not None else None
            self.missing = NegativePairs(graph) if negatives is not None else None

    def draw(self) -> None:
        """New negatives, one for each positive."""
        if self.missing is None:
            return
        count = self.positive.size(1)
        if self.kind == "target":
            source = self.positive[0].cpu()
            target = self.missing.sample_targets(source, 1, self.generator)[:, 0]
            drawn = torch.stack([source, target])
        else:
            # A graph that lacks fewer pairs than it has edges cannot give all different ones.
            drawn = self.missing.sample(count, self.generator,
                                        distinct=count <= self.missing.num_missing)
        self.negative = drawn.to(self.positive.device)

    def __getitem__(self, index: Tensor) -> Data:
        index = index.to(self.positive.device)
        pairs = self.positive[:, index]
        label = torch.ones(len(index), device=pairs.device)
        if self.negative is not None:
            pairs = torch.cat([pairs, self.negative[:, index]], dim=1)
            label = torch.cat([label, torch.zeros_like(label)])
        if self.graph is None:
            return Data(x=self.x, edge_index=self.edge_index, edge_label_index=pairs,
                        edge_label=label, num_nodes=self.num_nodes)
        ends, local = pairs.cpu().unique(return_inverse=True)
        nodes = k_hop_nodes(self.graph, ends, self.num_hops)
        edges = torch.from_numpy(induced_edges(self.graph, nodes))
        n_id = torch.from_numpy(nodes)
        x = None if self.x is None else self.x.index_select(0, n_id.to(self.x.device))
        return Data(x=x, edge_index=edges.to(pairs.device), edge_label_index=local.to(pairs.device),
                    edge_label=label, n_id=n_id.to(pairs.device), num_nodes=len(nodes))
