"""Graph-Mamba: a scan in one direction in place of attention."""

from __future__ import annotations

from typing import Any, Literal

from .feature_encoder import Features
from .layer_choice import Factory
from .scan_model import ScanModel


class GraphMamba(ScanModel):
    r"""The model of "Graph-Mamba: Towards Long-Range Graph Sequence Modeling with Selective State
    Spaces" (arXiv:2402.00789).

    .. math::
        \mathbf{H} &= \mathrm{BN}(\mathbf{X} + \mathrm{local}(\mathbf{X}, \mathcal{E})) +
        \mathrm{BN}(\mathbf{X} + \mathrm{Mamba}(\mathbf{X})) \\
        \mathbf{X}^{\prime} &= \mathrm{BN}(\mathbf{H} + \mathrm{FFN}(\mathbf{H}))

    The scan goes from nodes of low degree to hubs, which come last and see everybody; nodes of
    equal degree are in random order, and evaluation averages several orders, which a seed names.

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        num_layers: Number of blocks. Default: ``3``.
        local: As in :class:`ScanModel`. Default: ``"gated-gcn"``.
        num_orders: Orders averaged in evaluation. Default: ``5``.
        buckets: Sequences that the nodes of each graph are divided into at random, every one
            scanned by itself: for graphs of many nodes. Default: ``1``.
        bidirectional: Whether the scan has two directions. Default: ``False``.
        norm: As in :class:`ScanModel`. Default: ``"batch"``.
        norm_first: Whether it comes before the layers. Default: ``False``.
        **kwargs: Of :class:`ScanModel`.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **edge_index:** :math:`(2, E)`, or whatever the local layer takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, F_{out})`, or :math:`(G, F_{out})` with a readout

    Raises:
        GraphError: If an argument is unknown or out of range, or an input does not fit.

    Example:
        >>> import torch
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> model = GraphMamba(8, 16, 3, readout="mean")
        >>> model(torch.randn(3, 8), path, torch.tensor([0, 0, 1])).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, in_channels: Features, hidden_channels: int, out_channels: int, num_layers: int = 3,
        *, local: str | Factory | None = "gated-gcn", num_orders: int = 5, buckets: int = 1,
        bidirectional: bool = False, norm: Literal["layer", "batch", "graph"] | None = "batch",
        norm_first: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, local=local,
                         num_orders=num_orders, buckets=buckets, bidirectional=bidirectional,
                         norm=norm, norm_first=norm_first, **kwargs)
