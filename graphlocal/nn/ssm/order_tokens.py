"""The order in which a scan meets the tokens of a node."""

from __future__ import annotations

import torch
from torch import Tensor

from ...graph import checks


def order_tokens(tokens: Tensor, s: int = 1, *, shuffle: bool = False,
                 generator: torch.Generator | None = None) -> Tensor:
    r"""Turns the hierarchy of tokens round: those of the longest walks first, the node itself last.

    So does "Graph Mamba: Towards Learning on Graphs with State Space Models" (arXiv:2402.08678):
    what a scan holds at the last row has seen the whole neighbourhood, from far to near.

    Args:
        tokens: A row per token in the order of :class:`WalkTokenizer`: the node, then :math:`s`
            tokens of each length, shortest first.
        s: Tokens of each length. Default: ``1``.
        shuffle: Whether tokens of equal length come in random order, another one for each node.
            Default: ``False``.
        generator: Draws it. Default: torch's own.

    Shapes:
        - **tokens, output:** :math:`(n, 1 + sm, C)`

    Raises:
        GraphError: If the number of tokens is not one more than a multiple of ``s``.

    Example:
        >>> order_tokens(torch.arange(5.0).view(1, 5, 1), s=2).flatten().tolist()
        [4.0, 3.0, 2.0, 1.0, 0.0]
    """
    if not isinstance(tokens, Tensor) or tokens.dim() != 3:
        got = (f"shape {tuple(tokens.shape)}" if isinstance(tokens, Tensor)
               else type(tokens).__name__)
        checks.fail("tokens", got, "shape (n, 1 + s m, C)")
    count = tokens.size(1)
    checks.check_count(s, "s", least=1)
    if count == 0 or (count - 1) % s:
        checks.fail("tokens", f"{count} for each node", f"1 + a multiple of s={s}",
                    "pass the s of the tokenizer")
    if not shuffle or s == 1:
        return tokens.flip(1)
    length = torch.arange(count - 1, device=tokens.device) // s
    where = tokens.device if generator is None else generator.device
    noise = torch.rand(tokens.size(0), count - 1, generator=generator, device=where) / 2
    order = (noise.to(tokens.device) - length).argsort(1) + 1
    order = torch.nn.functional.pad(order, (0, 1))  # the node itself
    rows = torch.arange(tokens.size(0), device=tokens.device)[:, None] * count
    return tokens.flatten(0, 1).index_select(0, (rows + order).flatten()).view_as(tokens)
