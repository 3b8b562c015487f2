"""LaMamba: attention near, a scan far."""

from __future__ import annotations

from typing import Any, Literal

from .feature_encoder import Features
from .layer_choice import Factory
from .scan_model import ScanModel


class LaMamba(ScanModel):
    r"""Attention to the neighbourhood, then a scan in both directions along all nodes of the graph,
    then a network for each node:

    .. math::
        \mathbf{H}_1 &= \mathbf{X} + \mathrm{attention}(\mathrm{LN}(\mathbf{X}), \mathcal{E}) \\
        \mathbf{H}_2 &= \mathbf{H}_1 + \mathbf{P}^{\top} \mathrm{BiMamba}(\mathbf{P} \,
        \mathrm{LN}(\mathbf{H}_1)) \\
        \mathbf{X}^{\prime} &= \mathbf{H}_2 + \mathrm{FFN}(\mathrm{LN}(\mathbf{H}_2))

    where :math:`\mathbf{P}` sorts the nodes of each graph by degree. Time and memory grow with the
    nodes and the edges.

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        num_layers: Number of blocks. Default: ``2``.
        local: As in :class:`ScanModel`. Default: ``"attention"``.
        fusion: As in :class:`ScanModel`. Default: ``"sequence"``.
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
        >>> LaMamba(8, 16, 3)(torch.randn(3, 8), path).shape
        torch.Size([3, 3])
    """

    def __init__(
        self, in_channels: Features, hidden_channels: int, out_channels: int, num_layers: int = 2,
        *, local: str | Factory | None = "attention",
        fusion: Literal["sum", "concat", "gate", "sequence"] = "sequence", **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, local=local,
                         fusion=fusion, **kwargs)
