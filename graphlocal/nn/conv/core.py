"""What makes a PyG convolution aggregate on GraphLocal's core."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.nn import MessagePassing
from torch_geometric.nn import conv as pyg
from torch_geometric.nn.aggr import (
    MaxAggregation,
    MeanAggregation,
    MinAggregation,
    SumAggregation,
)

from ... import ops
from ...graph.checks import GraphTypeError, fail

_REDUCE = {SumAggregation: "sum", MeanAggregation: "mean", MaxAggregation: "max",
           MinAggregation: "min"}
#: What a layer computes between gathering and updating. Whoever replaces one wants it called.
_STEPS = frozenset({"message", "aggregate", "message_and_aggregate", "update", "edge_update"})
_HOOKS = tuple(f"_{step}_forward{kind}_hooks" for kind in ("", "_pre") for step in (
    "propagate", "message", "aggregate", "message_and_aggregate", "edge_update"))
#: Layers whose weights add up to one by themselves: the core has no other reduction of theirs.
_ATTENTION = (pyg.GATConv, pyg.GATv2Conv, pyg.TransformerConv)


class CoreConv(MessagePassing):
    """Base of layers whose neighbourhood sums, means, maxima and minima run as one ``ops.spmm``.

    Put it before a PyG class whose message is a neighbour's features, optionally times
    ``edge_weight``; the forward pass, the parameters and their names stay PyG's own. What the core
    does not cover runs as PyG runs it: other aggregations, explain mode, decomposed layers,
    message hooks, subclasses with a message of their own, features that are not a floating-point
    matrix, ``torch_sparse.SparseTensor``.
    """

    #: Whether the class aggregates the way its PyG class does; a subclass may not.
    _is_plain = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        origin = cls.origin()
        cls._is_plain = all(getattr(cls, step) is getattr(origin, step) for step in _STEPS)
        # PyG writes a `propagate` of its own into every class that has none in its own namespace,
        # and binds one of these to an instance when `explain` or `decomposed_layers` change.
        cls.propagate = cls._orig_propagate = cls._jinja_propagate = cls.propagate

    @classmethod
    def origin(cls) -> type[MessagePassing]:
        """The PyG class this one stands in for."""
        return next(c for c in cls.__mro__ if not issubclass(c, CoreConv))

    def forward(self, x: Any, *args: Any, **kwargs: Any) -> Tensor:
        self._check_channels(x)
        return super().forward(x, *args, **kwargs)

    def _check_channels(self, x: Any) -> None:
        pair = x if isinstance(x, (tuple, list)) else (x,)
        channels = getattr(self, "in_channels", None)
        if isinstance(channels, int):
            channels = (channels,) * len(pair)
        for features, count in zip(pair, channels or (), strict=False):
            # -1: to be taken from the first input
            if isinstance(features, Tensor) and 0 <= count != features.size(-1):
                fail("x", f"shape {tuple(features.shape)}", f"{count} columns, the layer's "
                     "in_channels")

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        reduce = self._reduction()
        x = kwargs["x"]
        pair = isinstance(x, (tuple, list))
        x_j = x[0] if pair else x  # as PyG's compiled path has it, whatever the flow
        if reduce is None or not _is_matrix(x_j) or not _is_graph(edge_index):
            return self._propagate_as_pyg(edge_index, size, kwargs)

        sizes = self._sizes(edge_index, size, x if pair else (x, x))
        weight = kwargs.get("edge_weight")
        if isinstance(edge_index, Tensor) and edge_index.layout is torch.sparse_csr:
            adjacency = ops.as_adjacency(edge_index)
            weight = edge_index.values()  # as PyG: a sparse matrix brings its own weights
        else:
            adjacency = ops.as_adjacency(edge_index, sizes[0], sizes[1])
        if self.flow == "target_to_source":
            adjacency = adjacency.t()
        if weight is not None:
            weight = weight.view(-1)
            if weight.numel() == 1 != adjacency.num_edges:
                weight = weight.expand(adjacency.num_edges)
        return ops.spmm(adjacency, x_j, weight, reduce)

    def _propagate_as_pyg(self, edge_index: Any, size: Any, kwargs: dict[str, Any]) -> Tensor:
        if isinstance(edge_index, ops.Adjacency):
            size = (edge_index.num_src, edge_index.num_dst)
            edge_index = to_edge_index(edge_index)
        if not self.explain and self.decomposed_layers == 1:
            kwargs = self._sides(kwargs)
        return MessagePassing.propagate(self, _long(edge_index), size=size, **kwargs)

    def _sides(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Pairs as PyG's compiled path reads them: sources first, whatever the flow."""
        if self.flow == "source_to_target":
            return kwargs
        pairs = {name: value for name, value in kwargs.items() if isinstance(value, (tuple, list))}
        for pair in pairs.values():
            rows = [side.size(self.node_dim) for side in pair if isinstance(side, Tensor)]
            if len({*rows}) > 1:
                fail("x", f"{rows[0]} and {rows[1]} rows", "as many of both, because "
                     "flow='target_to_source' takes rows of the first by indices of the second",
                     "pass edge_index.flip(0) to a layer with flow='source_to_target'")
        return kwargs | {name: pair[::-1] for name, pair in pairs.items()}

    def _reduction(self) -> str | None:
        """The reduction to run, ``None`` where PyG's own path has to."""
        if not self._is_plain or obstacle(self) is not None:
            return None
        return _REDUCE[type(self.aggr_module)]

    def _sizes(self, graph: Any, size: Any, x: Any) -> list[int]:
        """Numbers of nodes ``edge_index[0]`` and ``edge_index[1]`` count, inferred as PyG does."""
        if isinstance(graph, ops.Adjacency):
            sizes = [graph.num_src, graph.num_dst]
        elif isinstance(graph, EdgeIndex):
            sizes = list(graph.sparse_size())
        elif graph.layout is torch.sparse_csr:
            sizes = [graph.size(1), graph.size(0)]
            if self.flow == "target_to_source":
                fail("flow", "'target_to_source'", "'source_to_target'",
                     "a sparse adj_t says where messages go: pass its transpose")
        else:
            sizes = [None, None] if size is None else list(size)
        for side, features in enumerate(x):
            rows = features.size(self.node_dim) if isinstance(features, Tensor) else None
            if sizes[side] is None:
                sizes[side] = rows
            elif rows not in (None, sizes[side]):
                fail("x", f"{rows} rows", f"{sizes[side]}, the {('source', 'target')[side]} nodes "
                     "of the graph", "x and edge_index (or size) must count the same nodes")
        return [sizes[1 - side] if sizes[side] is None else sizes[side] for side in (0, 1)]


def obstacle(conv: MessagePassing) -> str | None:
    """Why a layer has to run as PyG runs it; ``None`` where the core serves."""
    aggr = conv.aggr_module
    if type(aggr) not in _REDUCE:
        return f"aggr={conv.aggr!r} is none of sum, mean, max, min"
    if isinstance(conv, _ATTENTION) and type(aggr) is not SumAggregation:
        return f"aggr={conv.aggr!r} is not the sum"
    if conv.explain:
        return "explain mode is on"
    if conv.decomposed_layers != 1:
        return f"decomposed_layers={conv.decomposed_layers}"
    if conv.node_dim not in (-2, 0):
        return f"node_dim={conv.node_dim} is neither -2 nor 0"
    if any(getattr(conv, hooks) for hooks in _HOOKS):
        return "it has message hooks"
    if aggr._forward_hooks or aggr._forward_pre_hooks:
        return "its aggregation has hooks"
    # Dynamo cannot look into a module's own namespace, nor follow what was put there.
    if not torch.compiler.is_compiling() and not _STEPS.isdisjoint(vars(conv)):
        return f"{', '.join(sorted(_STEPS & vars(conv).keys()))} was replaced on this layer"
    return None


def _long(edge_index: Any) -> Any:
    """Indices for PyG's path: torch's scatter_add has wrong gradients for int32 ones."""
    if isinstance(edge_index, Tensor) and edge_index.dtype is torch.int32:
        return edge_index.long()
    return edge_index


def _is_matrix(x: Any) -> bool:
    return (isinstance(x, Tensor) and x.dim() == 2 and x.is_floating_point()
            and x.layout is torch.strided)


def _is_graph(graph: Any) -> bool:
    """A graph the core reads; PyG's path takes or refuses everything else."""
    if isinstance(graph, ops.Adjacency):
        return True
    if not isinstance(graph, Tensor):
        return False
    if graph.layout is torch.sparse_csr:
        return not graph.requires_grad and graph.dim() == 2
    return graph.layout is torch.strided


def to_edge_index(adjacency: ops.Adjacency) -> Tensor:
    """Indices ``[2, E]`` of an adjacency, edges in the order they were given.

    Raises:
        GraphTypeError: If it is not an adjacency.
    """
    if not isinstance(adjacency, ops.Adjacency):
        fail("adjacency", type(adjacency).__name__, "an ops.Adjacency", kind=GraphTypeError)
    perm = adjacency.perm.long()
    nodes = torch.arange(adjacency.num_dst, device=perm.device)
    target = nodes.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
    edges = torch.stack([adjacency.col.long(), target])
    return torch.empty_like(edges).index_copy(1, perm, edges)
