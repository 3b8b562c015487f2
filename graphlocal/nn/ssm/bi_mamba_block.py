"""Mamba in both directions, as graphs need it: no order of nodes has a past."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import checks
from .mamba_block import MambaBlock


class BiMambaBlock(nn.Module):
    r"""The bidirectional block of `"Graph Mamba: Towards Learning on Graphs with State Space
    Models" <https://arxiv.org/abs/2402.08678>`_: two Mamba blocks with weights of their own, one
    of which reads every sequence from its end.

    .. math::
        \mathbf{Y} = \mathbf{X} + \left( \overrightarrow{\mathrm{Mamba}}(\mathrm{LN}(\mathbf{X})) +
        \overleftarrow{\mathrm{Mamba}}(\mathrm{LN}(\mathbf{X})) \right) \mathbf{W}_{out}

    Sequences of different lengths lie packed one after another: nothing is padded, so the backward
    direction starts at the last row of each.

    Args:
        channels: Size of each row.
        d_state: States per channel. (default: ``16``)
        d_conv: Length of the convolutions. (default: ``4``)
        expand: Inner channels per channel. (default: ``2``)
        dropout: Probability that a channel of the result is dropped before it is added to the
            input. (default: ``0.0``)
        residual: Whether the input is added. (default: ``True``)
        **kwargs: Of :class:`MambaBlock`.

    Shapes:
        - **x, output:** :math:`(B, L, C)`, or packed :math:`(T, C)`
        - **ptr:** borders of packed sequences :math:`(S + 1)` *(optional)*

    Raises:
        GraphError: If an argument or a shape is wrong.

    Example:
        >>> import torch
        >>> block = BiMambaBlock(32)
        >>> block(torch.randn(7, 32), torch.tensor([0, 3, 3, 7])).shape
        torch.Size([7, 32])
    """

    def __init__(
        self,
        channels: int,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 2,
        dropout: float = 0.0,
        residual: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.residual = residual
        self.norm = nn.LayerNorm(channels)
        self.forwards = MambaBlock(channels, d_state, d_conv, expand, **kwargs)
        self.backwards = MambaBlock(channels, d_state, d_conv, expand, **kwargs)
        self.out_proj = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        for module in (self.norm, self.forwards, self.backwards, self.out_proj):
            module.reset_parameters()

    def forward(self, x: Tensor, ptr: Tensor | None = None) -> Tensor:
        """Runs the block along every sequence."""
        checks.check_float_tensors({"x": x})
        if x.dim() < 2 or x.shape[-1] != self.channels:
            checks.fail("x", f"shape {tuple(x.shape)}", f"rows of {self.channels} channels")
        y = self.norm(x)
        y = self.forwards(y, ptr) + self.backwards(y, ptr, reverse=True)
        y = self.dropout(self.out_proj(y))
        return x + y if self.residual else y
