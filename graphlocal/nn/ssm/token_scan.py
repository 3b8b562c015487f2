"""A state space along the tokens of every node."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from ...graph import checks
from .bi_mamba_block import BiMambaBlock
from .mamba_block import MambaBlock


class TokenScan(nn.Module):
    r"""Blocks of Mamba along the tokens of each node, read out at the last: the local stage of
    "Graph Mamba: Towards Learning on Graphs with State Space Models" (arXiv:2402.08678).

    Args:
        channels: Size of a token.
        num_layers: Number of blocks, each with a norm ahead and a residual connection.
            Default: ``1``.
        bidirectional: Whether a second block reads from the end. Default: ``True``.
        **kwargs: Of the block, such as ``d_state`` and ``expand``.

    Shapes:
        - **tokens:** :math:`(n, T, C)`, ordered by :func:`order_tokens`
        - **output:** :math:`(n, C)`

    Raises:
        GraphError: If an argument or the shape is wrong.

    Example:
        >>> import torch
        >>> TokenScan(16, num_layers=2)(torch.randn(3, 5, 16)).shape
        torch.Size([3, 16])
    """

    def __init__(self, channels: int, num_layers: int = 1, *, bidirectional: bool = True,
                 **kwargs: Any) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        count = checks.check_count(num_layers, "num_layers", least=1)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(count))
        self.blocks = nn.ModuleList(
            BiMambaBlock(channels, residual=False, norm=False, **kwargs) if bidirectional
            else MambaBlock(channels, **kwargs) for _ in range(count))
        self.norm = nn.LayerNorm(channels)

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)

    def forward(self, tokens: Tensor) -> Tensor:
        """A vector for each node."""
        if not isinstance(tokens, Tensor) or tokens.dim() != 3 or tokens.size(1) == 0:
            got = (f"shape {tuple(tokens.shape)}" if isinstance(tokens, Tensor)
                   else type(tokens).__name__)
            checks.fail("tokens", got, f"shape (n, T, {self.channels}), T >= 1")
        checks.check_sequence_rows(tokens, self.channels, "tokens")
        if tokens.size(0) == 0:
            return tokens.new_zeros(0, self.channels)
        for norm, block in zip(self.norms, self.blocks, strict=True):
            tokens = tokens + block(norm(tokens))
        return self.norm(tokens[:, -1])
