"""A graph that is asked for the sampled neighbourhoods of some of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torch_geometric.data import Data
from torch_geometric.loader.utils import filter_data

from ..graph import checks
from ..kernels.cpu.counter_random import draw_key
from ..ops.rows import build_rows, frozen
from ..ops.sample_neighbors import PURPOSE, check_subgraph_type
from ..ops.sample_neighbors.sampler import NeighborSample, WeighedRows, sample, weigh


class SampledData(Dataset[Data]):
    """Batches of a graph, each asked for by its epoch and the numbers of its input nodes.

    Args:
        data: The graph.
        num_neighbors: In-edges to draw from a node in every hop; -1 takes all.
        input_nodes: Indices or a mask; ``None`` takes all nodes.
        replace: Whether an edge may be drawn more than once.
        subgraph_type: ``"directional"`` or ``"induced"``.
        disjoint: Whether every node has a subgraph of its own.
        weight_attr: Name of the attribute with weights of edges.
        transform: Called with every batch.
        seed: Names the draws.

    Example:
        >>> import torch
        >>> data = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=3)
        >>> SampledData(data, [1], [2])[0, np.array([0])].n_id
        tensor([2, 1])
    """

    def __init__(
        self, data: Data, num_neighbors: Sequence[int], input_nodes: Any = None, *,
        replace: bool = False, subgraph_type: str = "directional", disjoint: bool = False,
        weight_attr: str | None = None, transform: Callable[[Data], Data] | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(data, Data):
            checks.fail("data", type(data).__name__, "a Data object of one kind of nodes",
                        "data.to_homogeneous() makes one of HeteroData", kind=checks.GraphTypeError)
        if not isinstance(data.edge_index, Tensor):
            checks.fail("data", "no edge_index", "a graph with edge_index")
        self.fan_out = checks.check_fan_out(num_neighbors)
        check_subgraph_type(subgraph_type)
        self.data, self.transform = data, transform
        self.seed = checks.check_count(seed, "seed", least=-(2**63))
        num_nodes = int(data.num_nodes)
        self.input_nodes = _input_nodes(input_nodes, num_nodes)
        self.options = {"replace": bool(replace), "disjoint": bool(disjoint),
                        "induced": getattr(subgraph_type, "value", subgraph_type) == "induced"}
        weight = None
        if weight_attr is not None:
            weight = getattr(data, str(weight_attr), None)
            if weight is None:
                checks.fail("weight_attr", repr(weight_attr), "the name of an attribute of 'data'")
        rows = build_rows(data.edge_index, num_nodes, direction="in")
        self._rows: WeighedRows | None = weigh(rows, weight, bool(replace), str(weight_attr))
        #: The same memory as tensors, which a process that is not forked can share.
        self._shared: tuple[Tensor, ...] | None = None

    def prepare_for_workers(self) -> None:
        """Compiles what workers need, once, and refuses what they cannot have.

        Example:
            >>> import torch
            >>> edge_index = torch.tensor([[0], [1]])
            >>> SampledData(Data(edge_index=edge_index, num_nodes=2), [1]).prepare_for_workers()
        """
        devices = {str(value.device) for value in self.data.to_dict().values()
                   if isinstance(value, Tensor) and value.is_cuda}
        if devices:
            checks.fail("num_workers", f"workers for data on {', '.join(sorted(devices))}",
                        "0, or data on the CPU", "move batches instead: batch.to(device)")
        self._sample(0, self.input_nodes[:1])

    def _sample(self, epoch: int, nodes: NDArray[np.int64]) -> NeighborSample:
        if self._rows is None:
            self._rows = WeighedRows(*map(frozen, self._shared))
        return sample(self._rows, nodes, self.fan_out, draw_key(self.seed, epoch, PURPOSE),
                      **self.options)

    def __getitem__(self, batch: tuple[int, NDArray[np.int64]]) -> Data:
        epoch, places = batch
        drawn = self._sample(epoch, self.input_nodes[places])
        # PyG's own rules for what belongs to nodes, to edges, and to neither.
        out = filter_data(self.data, drawn.n_id, *drawn.edge_index, drawn.e_id)
        for name in ("n_id", "e_id"):
            if name not in out:  # a batch that is sampled from keeps the numbers it had
                out[name] = getattr(drawn, name)
        if drawn.batch is not None:
            out.batch = drawn.batch
        out.num_sampled_nodes = drawn.num_sampled_nodes
        out.num_sampled_edges = drawn.num_sampled_edges
        out.input_id = torch.from_numpy(np.array(places, np.int64))
        out.batch_size = len(places)
        return out if self.transform is None else self.transform(out)

    def __len__(self) -> int:
        return len(self.input_nodes)

    def __getstate__(self) -> dict[str, Any]:
        if self._shared is None:
            # Shared before anyone sees their memory, which is moved by that; from here on they and
            # the arrays are one and the same, as graphs may be large.
            self._shared = tuple(torch.tensor(array).share_memory_() for array in self._rows)
            self._rows = WeighedRows(*map(frozen, self._shared))
        return self.__dict__ | {"_rows": None}


def _input_nodes(nodes: Any, num_nodes: int) -> NDArray[np.int64]:
    if nodes is None:
        found = np.arange(num_nodes)
    elif getattr(nodes, "dtype", None) in (torch.bool, np.dtype(bool)):
        if tuple(nodes.shape) != (num_nodes,):
            checks.fail("input_nodes", f"a mask of shape {tuple(nodes.shape)}",
                        f"shape ({num_nodes},), one entry per node",
                        "of masks of several splits, mask[:, split] is one")
        found = np.flatnonzero(nodes.cpu() if isinstance(nodes, Tensor) else nodes)
    else:
        found = checks.check_nodes(nodes, num_nodes, "input_nodes").copy()
    if len(found) == 0:
        checks.fail("input_nodes", "no node", "at least one to make batches of")
    return found
