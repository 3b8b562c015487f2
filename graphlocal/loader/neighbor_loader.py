"""Mini-batches of nodes with a sample of their neighbourhoods, on a plain installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Data

from ..graph.checks import check_count, fail
from ..ops import num_processes, process_rank
from .node_batches import NodeBatches
from .sampled_data import SampledData


class NeighborLoader(DataLoader):
    r"""Mini-batches of nodes on sampled neighbourhoods, as PyG's ``NeighborLoader`` makes them.

    PyG's own needs pyg-lib or torch-sparse, of which neither may be had; this one needs neither,
    takes the same arguments, and its batches have the same attributes: those of ``data`` for the
    sampled nodes and edges, and ``n_id``, ``e_id``, ``input_id``, ``batch_size``,
    ``num_sampled_nodes``, ``num_sampled_edges`` (not of induced subgraphs) and, where
    ``disjoint``, ``batch``. The first ``batch_size`` nodes of a batch are those it is about; edges
    lead towards them. What differs: temporal sampling, ``HeteroData`` and bidirectional subgraphs
    are refused.

    Batches depend on ``seed`` and epoch alone, not on ``num_workers``. Every pass over the loader
    is an epoch of its own, counted from 0; :meth:`set_epoch` sets the next one.

    Under ``torchrun`` each process gets its share of every joint batch: with ``W`` processes the
    batches number ``i`` of all of them together are batch ``i`` of one process with ``W`` times
    the ``batch_size``. All have equally many; those of the last may differ by a node, and only
    where it has fewer nodes than there are processes do some come twice.

    Args:
        data: A graph with ``edge_index``.
        num_neighbors: In-edges to draw from a node in every hop; -1 takes all.
        input_nodes: Nodes to make batches of, indices or a boolean mask; ``None`` takes all.
            (default: ``None``)
        batch_size: Nodes in a batch, of each process. (default: ``1``)
        shuffle: Whether every epoch has an order of its own. (default: ``False``)
        replace: Whether an edge may be drawn more than once. (default: ``False``)
        subgraph_type: ``"directional"`` or ``"induced"``, as in
            :func:`~graphlocal.ops.sample_neighbors`. (default: ``"directional"``)
        disjoint: Whether every node has a subgraph of its own. (default: ``False``)
        weight_attr: Name of the attribute with weights of edges to draw in proportion to.
            (default: ``None``)
        transform: Called with every batch, in the worker. (default: ``None``)
        drop_last: Whether to leave out a last joint batch that is not full. (default: ``False``)
        seed: Names the draws and the orders. (default: ``0``)
        rank: Which of the processes this is. ``None`` asks ``torch.distributed``, where it is
            initialised, and else the variables of ``torchrun``. (default: ``None``)
        world_size: How many processes there are; ``None`` as for ``rank``. (default: ``None``)
        num_workers: Processes that prepare batches. (default: ``0``)
        **kwargs: Further arguments of ``DataLoader``, such as ``persistent_workers``.

    Raises:
        GraphError: If ``data`` has no ``edge_index`` or is no ``Data``, an input node is out of
            range, there is none, or an option is wrong.

    Example:
        >>> import torch
        >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
        >>> data = Data(x=torch.arange(4.0)[:, None], edge_index=path, y=torch.arange(4))
        >>> loader = NeighborLoader(data, num_neighbors=[1, 1], batch_size=2, input_nodes=[3, 1])
        >>> batch = next(iter(loader))
        >>> batch.n_id.tolist(), batch.edge_index.tolist(), batch.y[:batch.batch_size].tolist()
        ([3, 1, 2, 0], [[2, 3, 1], [0, 1, 2]], [3, 1])
    """

    def __init__(
        self,
        data: Data,
        num_neighbors: Sequence[int],
        *,
        input_nodes: Tensor | Sequence[int] | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        replace: bool = False,
        subgraph_type: str = "directional",
        disjoint: bool = False,
        weight_attr: str | None = None,
        transform: Callable[[Data], Data] | None = None,
        drop_last: bool = False,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        num_workers: int = 0,
        **kwargs: Any,
    ) -> None:
        for name in ("dataset", "sampler", "batch_sampler", "collate_fn", "generator"):
            if name in kwargs:
                fail(name, repr(kwargs[name]), "no such argument",
                     "seed decides all draws" if name == "generator" else "the loader sets its own")
        for name in ("input_time", "time_attr", "temporal_strategy"):
            if kwargs.get(name) is not None:
                fail(name, repr(kwargs[name]), "no such argument", "sampling here knows no time")
        for name in ("is_sorted", "filter_per_worker"):  # which of PyG's change no batch
            kwargs.pop(name, None)
        if not kwargs.pop("directed", True):
            fail("directed", "False", "True", "subgraph_type='induced' has all edges of the nodes")
        num_workers = check_count(num_workers, "num_workers")
        sampled = SampledData(
            data, num_neighbors, input_nodes, replace=replace, subgraph_type=subgraph_type,
            disjoint=disjoint, weight_attr=weight_attr, transform=transform, seed=seed)
        if num_workers:
            sampled.prepare_for_workers()
        rank, world_size = _place(rank, world_size)
        batches = NodeBatches(len(sampled), check_count(batch_size, "batch_size", least=1), shuffle,
                              drop_last, sampled.seed, rank, world_size)
        super().__init__(sampled, batch_size=None, sampler=batches, num_workers=num_workers,
                         **kwargs)
        #: The graph batches are taken from, and the nodes they are made of.
        self.data, self.input_nodes = data, sampled.input_nodes

    def set_epoch(self, epoch: int) -> None:
        """Which epoch the next pass over the loader is.

        Args:
            epoch: Counted from 0.

        Example:
            >>> import torch
            >>> data = Data(edge_index=torch.tensor([[0, 1, 2], [3, 3, 3]]), num_nodes=4)
            >>> loader = NeighborLoader(data, [1], input_nodes=[3])
            >>> first = [batch.n_id.tolist() for batch in loader]
            >>> loader.set_epoch(0)
            >>> first == [batch.n_id.tolist() for batch in loader]
            True
        """
        self.sampler.epoch = check_count(epoch, "epoch")

    def __iter__(self) -> Iterator[Data]:
        iterator = super().__iter__()  # has its plan from here on
        self.sampler.epoch += 1
        return iterator

    def __repr__(self) -> str:
        return (f"NeighborLoader({len(self.input_nodes)} nodes, "
                f"num_neighbors={self.dataset.fan_out}, batch_size={self.sampler.size})")


def _place(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Which process this is of how many."""
    if (rank is None) != (world_size is None):
        fail("rank" if rank is None else "world_size", "None", "a number, as the other of the two")
    if world_size is None:
        count = num_processes()
        if count > 1:
            return process_rank(), count
        try:
            rank = int(os.environ.get("RANK", "0"))
            world_size = int(os.environ.get("WORLD_SIZE", "1"))
        except ValueError:
            return 0, 1
    world_size = check_count(world_size, "world_size", least=1)
    return check_count(rank, "rank", most=world_size - 1), world_size
