"""The small networks all link predictors are put together from."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from ..dropout import Dropout


def layer(in_channels: int, out_channels: int, dropout: float, norm: bool) -> list[nn.Module]:
    """Linear map, layer norm where asked for, dropout, ReLU.

    Example:
        >>> nn.Sequential(*layer(8, 4, 0.0, norm=True))[1].normalized_shape
        (4,)
    """
    between = [nn.LayerNorm(out_channels)] if norm else []
    return [nn.Linear(in_channels, out_channels), *between, Dropout(dropout), nn.ReLU()]


def tail(channels: int, activation: bool) -> list[nn.Module]:
    """The last linear map of a branch, unless the branch is to end in its ReLU.

    Example:
        >>> len(tail(4, activation=True)), len(tail(4, activation=False))
        (0, 1)
    """
    return [] if activation else [nn.Linear(channels, channels)]


def node_branch(channels: int, hidden: int, dropout: float, norm: bool) -> nn.Sequential:
    """What a node adds to its own features before they are summed over an overlap.

    Example:
        >>> import torch
        >>> node_branch(8, 16, 0.0, norm=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 8])
    """
    return nn.Sequential(*layer(channels, hidden, dropout, False),
                         *layer(hidden, channels, dropout, norm))


def overlap_branch(
    in_channels: int, hidden: int, dropout: float, norm: bool, activation: bool
) -> nn.Sequential:
    """What becomes of a sum over the neighbours of a pair.

    Example:
        >>> import torch
        >>> overlap_branch(8, 16, 0.0, norm=True, activation=False)(torch.zeros(3, 8)).shape
        torch.Size([3, 16])
    """
    return nn.Sequential(*layer(in_channels, hidden, dropout, False),
                         *layer(hidden, hidden, dropout, norm), *tail(hidden, activation))


def pair_branch(
    in_channels: int, hidden: int, dropout: float, norm: bool, activation: bool
) -> nn.Sequential:
    """What becomes of the product of the features of a pair.

    Example:
        >>> import torch
        >>> pair_branch(8, 16, 0.0, norm=True, activation=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 16])
    """
    return nn.Sequential(*layer(in_channels, hidden, dropout, norm), *tail(hidden, activation))


def score_head(
    in_channels: int, hidden: int, out_channels: int, num_layers: int, dropout: float, norm: bool
) -> nn.Sequential:
    """From what is known of a pair to its scores, through ``num_layers`` hidden layers.

    Example:
        >>> import torch
        >>> score_head(8, 16, 1, 2, 0.0, norm=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 1])
    """
    sizes = [in_channels] + [hidden] * num_layers
    hidden_layers = [module for a, b in pairwise(sizes)
                     for module in layer(a, b, dropout, norm)]
    return nn.Sequential(*hidden_layers, nn.Linear(sizes[-1], out_channels))
