"""A state space that passes along all nodes of each graph."""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor, nn

from ...graph import checks
from .bi_mamba_block import BiMambaBlock
from .mamba_block import MambaBlock
from .order_nodes import NodeOrder, order_nodes, places


class NodeScan(nn.Module):
    r"""Sorts the nodes of each graph, runs a block of Mamba along them, and puts them back.

    .. math::
        \mathbf{Y} = \mathbf{P}^{\top} \, \mathrm{Mamba}(\mathbf{P} \mathbf{X})

    The graphs of a batch lie packed one after another, whatever their sizes. In training equal keys
    get a new random order at each call; in evaluation several orders, drawn from the seed and the
    place of each node within its graph, are averaged, so that the same graph gives the same result
    alone, in any batch and at any time. With buckets, every node is in one of several sequences at
    random, each of which is scanned by itself. There is no norm and no residual connection:
    :class:`~graphlocal.nn.attention.LocalGlobalBlock` adds them.

    Args:
        channels: Size of a node's features, in and out.
        order: Key of :func:`order_nodes`. Default: ``"degree"``.
        bidirectional: Whether a second block reads from the end. Default: ``True``.
        noise: Whether nodes of equal keys come in random order. Default: ``True``.
        descending: Whether the largest keys come first. Default: ``False``.
        num_orders: How many orders are averaged in evaluation. Default: ``1``.
        buckets: Sequences that the nodes of a graph are divided into. Default: ``1``.
        seed: Names the orders of evaluation. Default: ``0``.
        **kwargs: Of the block, such as ``d_state`` and ``expand``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **edge_index:** :math:`(2, E)`, or anything :func:`~graphlocal.ops.as_adjacency` takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If an argument is unknown or too small, or the inputs do not fit together.

    Example:
        >>> scan = NodeScan(16, order="core")
        >>> scan(torch.randn(3, 16), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).shape
        torch.Size([3, 16])
    """

    #: :class:`~graphlocal.nn.attention.LocalGlobalBlock` passes the graph on.
    takes_graph = True

    def __init__(
        self, channels: int, order: NodeOrder = "degree", *, bidirectional: bool = True,
        noise: bool = True, descending: bool = False, num_orders: int = 1, buckets: int = 1,
        seed: int = 0, **kwargs: Any,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.order = checks.check_choice(order, "order", get_args(NodeOrder))
        self.noise, self.descending = bool(noise), bool(descending)
        self.num_orders = checks.check_count(num_orders, "num_orders", least=1)
        self.buckets = checks.check_count(buckets, "buckets", least=1)
        self.seed = checks.check_count(seed, "seed", least=-(2**31), most=2**31)
        self.bidirectional = bool(bidirectional)
        self.block = (BiMambaBlock(channels, residual=False, norm=False, **kwargs) if bidirectional
                      else MambaBlock(channels, **kwargs))

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.block.reset_parameters()

    def forward(self, x: Tensor, edge_index: Any, batch: Tensor | None = None) -> Tensor:
        """Features of the nodes after the scan.

        Args:
            x: Features of the nodes.
            edge_index: The graph, which decides on the order alone.
            batch: The graph of each node. Default: ``None``, all of one.
        """
        checks.check_features(x, self.channels)
        if x.size(0) == 0:
            return x
        random = self.noise or self.order == "random" or self.buckets > 1
        count = 1 if self.training or not random else self.num_orders
        total = None
        for number in range(count):
            # A different seed for every order, and for every seed given.
            seed = None if self.training else self.seed * 2**24 + number
            out = self._along(x, *self._sequences(edge_index, x.size(0), batch, seed))
            total = out if total is None else total + out
        return total if count == 1 else total / count

    def _sequences(self, edge_index: Any, count: int, batch: Tensor | None,
                   seed: int | None) -> tuple[Tensor, Tensor]:
        """Nodes in the order they are met, and the borders of the sequences."""
        order = order_nodes(edge_index, self.order, num_nodes=count, batch=batch, noise=self.noise,
                            descending=self.descending, seed=seed)
        group = batch
        if self.buckets > 1:
            drawn = order_nodes(edge_index, "random", num_nodes=count, batch=batch,
                                seed=None if seed is None else ~seed)
            bucket = torch.empty_like(drawn)
            bucket[drawn] = places(batch, count, drawn.device) % self.buckets
            group = bucket if batch is None else batch * self.buckets + bucket
            order = order[group[order].argsort(stable=True)]
        if group is None:
            return order, torch.tensor([0, count], device=order.device)
        return order, nn.functional.pad(group.bincount().cumsum(0), (1, 0))

    def _along(self, x: Tensor, order: Tensor, ptr: Tensor) -> Tensor:
        back = torch.empty_like(order)
        back[order] = torch.arange(order.numel(), device=order.device)
        return _Permute.apply(self.block(_Permute.apply(x, order, back), ptr), back, order)

    def extra_repr(self) -> str:
        """What tells it from other scans."""
        return (f"{self.channels}, order={self.order!r}, noise={self.noise}, "
                f"num_orders={self.num_orders}, buckets={self.buckets}")


class _Permute(torch.autograd.Function):
    """Rows in another order: the gradient is gathered, where that of an index would be added."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(order, back)
        return x.index_select(0, order)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        order, back = ctx.saved_tensors
        return _Permute.apply(grad, back, order), None, None
