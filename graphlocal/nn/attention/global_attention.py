"""What the layers that look at all nodes share."""

from __future__ import annotations

from torch import Tensor, nn

from ...graph import checks


class GlobalAttention(nn.Module):
    """Base of multi-head attention to nodes wherever they are: linear maps and their heads.

    Args:
        channels: Size of a node's features, in and out.
        heads: Default: ``1``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
    """

    def __init__(self, channels: int, heads: int = 1, *, dropout: float = 0.0,
                 bias: bool = True) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.heads = checks.check_count(heads, "heads", least=1)
        checks.check_heads(self.channels, self.heads)
        self.dropout = checks.check_fraction(dropout, "dropout")
        self.lin_query, self.lin_key, self.lin_value, self.lin_out = (
            nn.Linear(channels, channels, bias) for _ in range(4))

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            module.reset_parameters()

    def _projected(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values ``[N, H, D]``."""
        checks.check_features(x, self.channels)
        return tuple(split_heads(lin(x), self.heads)
                     for lin in (self.lin_query, self.lin_key, self.lin_value))

    def _dropout(self) -> float:
        return self.dropout if self.training else 0.0

    def extra_repr(self) -> str:
        return f"{self.channels}, heads={self.heads}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


def split_heads(x: Tensor, heads: int) -> Tensor:
    """``[N, H * D]`` as ``[N, H, D]``.

    Example:
        >>> import torch
        >>> split_heads(torch.ones(0, 6), 3).shape
        torch.Size([0, 3, 2])
    """
    return x.unflatten(1, (heads, x.shape[1] // heads))
