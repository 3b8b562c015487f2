"""What the layers that look at neighbours share."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import checks
from .. import plain_linear
from .global_attention import split_heads


class LocalAttention(nn.Module):
    """Base of multi-head attention over the edges of a graph: linear maps and their heads.

    Args:
        in_channels: Size of a node's features, or a pair of sizes for sources and targets.
        out_channels: Size of a node's output; every head makes an equal share of it.
        heads: Default: ``1``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        root_weight: Whether a linear map of the node itself is added. Default: ``False``.
    """

    def __init__(self, in_channels: int | tuple[int, int], out_channels: int, heads: int = 1, *,
                 dropout: float = 0.0, bias: bool = True, root_weight: bool = False) -> None:
        super().__init__()
        pair = in_channels if isinstance(in_channels, (tuple, list)) else (in_channels,) * 2
        if len(pair) != 2:
            checks.fail("in_channels", repr(in_channels), "a number or a pair of numbers",
                        kind=checks.GraphTypeError)
        self._channels = tuple(checks.check_count(c, "in_channels", least=1) for c in pair)
        self.in_channels = in_channels
        self.out_channels = checks.check_count(out_channels, "out_channels", least=1)
        self.heads = checks.check_count(heads, "heads", least=1)
        self.head_channels = checks.check_heads(out_channels, heads,
                                                channels_argument="out_channels")
        self.dropout = checks.check_fraction(dropout, "dropout")
        source, target = self._channels
        self.lin_query = nn.Linear(target, out_channels, bias)
        self.lin_key = nn.Linear(source, out_channels, bias)
        self.lin_value = nn.Linear(source, out_channels, bias)
        self.lin_out = nn.Linear(out_channels, out_channels, bias)
        self.lin_root = nn.Linear(target, out_channels, bias=False) if root_weight else None

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            module.reset_parameters()

    def _pair(self, x: Any) -> tuple[Tensor, Tensor]:
        """Features of sources and targets, checked."""
        source, target = x if isinstance(x, (tuple, list)) and len(x) == 2 else (x, x)
        if source is target and self._channels[0] != self._channels[1]:
            checks.fail("x", "features of one set of nodes", "a pair (sources, targets)",
                        f"in_channels={self.in_channels}")
        return (checks.check_features(source, self._channels[0]),
                checks.check_features(target, self._channels[1]))

    def _projected(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries ``[N_dst, H, D]``, keys and values ``[N_src, H, D]``."""
        if source is target:
            maps = plain_linear.apply_all((self.lin_query, self.lin_key, self.lin_value), source)
        else:
            maps = (plain_linear.apply(self.lin_query, target),
                    *plain_linear.apply_all((self.lin_key, self.lin_value), source))
        return tuple(split_heads(x, self.heads) for x in maps)

    def _joined(self, out: Tensor, target: Tensor) -> Tensor:
        """Heads ``[N, H, D]`` as channels, mapped, with the node itself where asked for."""
        out = self.lin_out(out.flatten(1))
        return out if self.lin_root is None else out + self.lin_root(target)

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, heads={self.heads}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"
