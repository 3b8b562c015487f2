"""A layer of the deep local stage ahead of a graph transformer's blocks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import BatchNorm
from torch_geometric.nn.inits import reset

from ..graph import checks
from ..nn.activation import activation
from ..nn.dropout import Dropout


class LocalLayer(nn.Module):
    r"""A convolution and a linear map of the node itself, with norm, activation and dropout:

    .. math::
        \mathbf{Y} = \mathrm{act}(\mathrm{norm}(\mathrm{conv}(\mathbf{X}, \mathcal{E}) +
        \mathbf{X} \mathbf{W}))

    With gates, as in "Polynormer: Polynomial-Expressive Graph Transformer in Linear Time"
    (arXiv:2403.01232), what comes out is

    .. math::
        (1 - \mathbf{s}) \odot \mathrm{LN}(\mathrm{act}(\mathbf{X} \mathbf{V}) \odot \mathbf{Y}) +
        \mathbf{s} \odot \mathbf{Y}, \qquad \mathbf{s} = \sigma(\boldsymbol{\beta})

    so that a layer doubles the degree of the polynomial in :math:`\mathbf{X}`.

    Args:
        channels: Size of a node's features, in and out.
        conv: Called as ``conv(x, edge_index, **edge arguments)``.
        norm: ``"batch"``, ``"layer"`` or ``None``.
        gated: Whether there are gates.
        root: Whether there is the linear map of the node itself.
        residual: Whether the layer's input is added to its output.
        dropout: After the activation.
        act: Activation, by any name PyG knows, or a function.

    Shapes:
        - **x, output:** :math:`(N, C)`
        - **edge_index:** whatever ``conv`` takes

    Example:
        >>> from torch_geometric.nn import SAGEConv
        >>> layer = LocalLayer(16, SAGEConv(16, 16), gated=True)
        >>> layer(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 16])
    """

    def __init__(
        self, channels: int, conv: nn.Module, *, norm: str | None = "batch", gated: bool = False,
        root: bool = True, residual: bool = False, dropout: float = 0.0, act: Any = "relu",
    ) -> None:
        super().__init__()
        checks.check_choice(norm, "local_norm", ("batch", "layer", None))
        self.channels, self.residual = channels, residual
        self.conv, self.lin = conv, nn.Linear(channels, channels) if root else None
        self.norm = None if norm is None else (
            BatchNorm(channels, allow_single_element=True) if norm == "batch"
            else nn.LayerNorm(channels))
        self.act, self.drop = activation(act), Dropout(dropout)
        self.gate = nn.Linear(channels, channels) if gated else None
        self.gate_norm = nn.LayerNorm(channels) if gated else None
        self.beta = nn.Parameter(torch.zeros(channels)) if gated else None

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)
        if self.beta is not None:
            nn.init.zeros_(self.beta)

    def forward(self, x: Tensor, edge_index: Any, **kwargs: Any) -> Tensor:
        """Features of the nodes after the layer.

        Args:
            x: Features of the nodes.
            edge_index: The graph.
            **kwargs: Passed to ``conv``, such as ``edge_attr``.
        """
        out = self.conv(x, edge_index, **kwargs)
        if not isinstance(out, Tensor) or out.shape != x.shape:
            got = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
            checks.fail("local", f"a layer whose output has {got}",
                        f"one whose output has the shape of its input, {tuple(x.shape)}")
        y = out if self.lin is None else out + self.lin(x)
        if self.norm is not None and y.size(0):
            y = self.norm(y)
        y = self.drop(self.act(y))
        if self.gate is not None:
            y = torch.lerp(self.gate_norm(self.act(self.gate(x)) * y), y, self.beta.sigmoid())
        return x + y if self.residual else y
