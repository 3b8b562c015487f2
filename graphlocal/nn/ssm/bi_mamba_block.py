"""Mamba in both directions, as graphs need it: no order of nodes has a past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn.inits import reset

from ...graph import checks
from ...ops.causal_conv import causal_conv
from ...ops.selective_scan import selective_scan
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
        norm: Whether there is a layer norm ahead of both directions. (default: ``True``)
        **kwargs: Of :class:`MambaBlock`.

    Shapes:
        - **x, output:** :math:`(B, L, C)`, or packed :math:`(T, C)`
        - **ptr:** borders of packed sequences :math:`(S + 1)` *(optional)*

    Raises:
        GraphError: If an argument or a shape is wrong.

    Example:
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
        norm: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.residual = residual
        self.norm = nn.LayerNorm(channels) if norm else nn.Identity()
        self.forwards = MambaBlock(channels, d_state, d_conv, expand, **kwargs)
        self.backwards = MambaBlock(channels, d_state, d_conv, expand, **kwargs)
        self.out_proj = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(checks.check_fraction(dropout, "dropout"))

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        for module in self.children():
            reset(module)

    def forward(self, x: Tensor, ptr: Tensor | None = None) -> Tensor:
        """Runs the block along every sequence."""
        checks.check_sequence_rows(x, self.channels)
        y = self.dropout(self.out_proj(self._scan(self.norm(x), ptr)))
        return x + y if self.residual else y

    def _scan(self, x: Tensor, ptr: Tensor | None) -> Tensor:
        """Sum of what both blocks make of the rows. Their channels lie side by side, so that every
        step of them is one operation, and both directions are one scan."""
        blocks = self.forwards, self.backwards
        inner = blocks[0].d_inner

        def join(read: Callable[[MambaBlock], Tensor | None], dim: int = 0) -> Tensor | None:
            parts = [read(block) for block in blocks]
            return None if parts[0] is None else torch.cat(parts, dim)

        def input_first(of: Callable[[MambaBlock], Tensor | None]) -> Tensor | None:
            parts = [of(block) for block in blocks]
            if parts[0] is None:
                return None
            return torch.cat([part[piece] for piece in (slice(0, inner), slice(inner, None))
                              for part in parts])

        mixed = functional.linear(x, input_first(lambda block: block.in_proj.weight),
                                  input_first(lambda block: block.in_proj.bias))
        u, z = mixed.chunk(2, dim=-1)
        u = causal_conv(u, join(lambda block: block.conv1d.weight.squeeze(1)),
                        join(lambda block: block.conv1d.bias), reverse="both", ptr=ptr, silu=True)
        dt, A, B, C, D = zip(*(block.scan_arguments(part) for block, part in
                               zip(blocks, u.chunk(2, dim=-1), strict=True)), strict=True)
        y = selective_scan(
            u, torch.cat(dt, dim=-1), torch.cat(A), torch.cat(B, dim=-2), torch.cat(C, dim=-2),
            torch.cat(D), z, join(lambda block: block.dt_proj.bias), True, "both", ptr)
        bias = blocks[0].out_proj.bias
        return functional.linear(y, join(lambda block: block.out_proj.weight, 1),
                                 None if bias is None else bias + blocks[1].out_proj.bias)
