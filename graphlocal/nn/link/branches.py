"""The small networks all link predictors are put together from."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ..dropout import Dropout
from ..normalized_relu import Branch


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
        >>> node_branch(8, 16, 0.0, norm=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 8])
    """
    return Branch(*layer(channels, hidden, dropout, False),
                  *layer(hidden, channels, dropout, norm))


def overlap_branch(
    in_channels: int, hidden: int, dropout: float, norm: bool, activation: bool
) -> nn.Sequential:
    """What becomes of a sum over the neighbours of a pair.

    Example:
        >>> overlap_branch(8, 16, 0.0, norm=True, activation=False)(torch.zeros(3, 8)).shape
        torch.Size([3, 16])
    """
    return Branch(*layer(in_channels, hidden, dropout, False),
                  *layer(hidden, hidden, dropout, norm), *tail(hidden, activation))


def pair_branch(
    in_channels: int, hidden: int, dropout: float, norm: bool, activation: bool
) -> nn.Sequential:
    """What becomes of the product of the features of a pair.

    Example:
        >>> pair_branch(8, 16, 0.0, norm=True, activation=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 16])
    """
    return Branch(*layer(in_channels, hidden, dropout, norm), *tail(hidden, activation))


def score_head(
    in_channels: int, hidden: int, out_channels: int, num_layers: int, dropout: float, norm: bool
) -> nn.Sequential:
    """From what is known of a pair to its scores, through ``num_layers`` hidden layers.

    Example:
        >>> score_head(8, 16, 1, 2, 0.0, norm=True)(torch.zeros(3, 8)).shape
        torch.Size([3, 1])
    """
    sizes = [in_channels] + [hidden] * num_layers
    hidden_layers = [module for a, b in pairwise(sizes)
                     for module in layer(a, b, dropout, norm)]
    return Branch(*hidden_layers, nn.Linear(sizes[-1], out_channels))


def run_sparsely(branch: nn.Sequential, x: Tensor, some: Tensor | None) -> Tensor:
    """``branch(x)``, where all rows of ``x`` but ``some`` are zero.

    Such rows need no product with the first weights; without dropout, they all end up alike.

    Args:
        branch: A linear map, and what follows it row by row.
        x: Rows, most of them zero.
        some: Flags of those that may not be; ``None`` where that is not known.

    Shapes:
        - **x:** :math:`(P, F)`
        - **some:** :math:`(P)`

    Example:
        >>> branch, x = overlap_branch(2, 4, 0.0, True, False), torch.tensor([[0.0, 0.0]] * 9)
        >>> x[3] = 1.0
        >>> torch.allclose(run_sparsely(branch, x, x[:, 0] > 0), branch(x))
        True
    """
    if some is None or torch.compiler.is_compiling():
        return branch(x)
    index = some.nonzero().squeeze(1)
    if index.numel() > 0.8 * some.numel():
        return branch(x)
    if any(isinstance(m, nn.Dropout) and m.training and m.p > 0 for m in branch):
        first = branch[0](x[index])
        rest = branch[0].bias.to(first.dtype).expand(x.size(0), -1)
        return branch[1:](rest.index_copy(0, index, first))
    out = branch(torch.cat([x[index], x.new_zeros(1, x.size(1))]))
    return out[-1].expand(x.size(0), -1).index_copy(0, index, out[:-1])
