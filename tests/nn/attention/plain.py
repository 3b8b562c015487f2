"""Attention as its definition reads, and what tests of the global layers share."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from graphlocal.nn import attention

#: Every layer that looks at all nodes, with what its tests need to tell apart.
LAYERS = {
    "dense": lambda **kw: attention.DenseAttention(8, 2, **kw),
    "codebook": lambda **kw: attention.CodebookAttention(8, 2, 5, **kw),
    "subsampled": lambda **kw: attention.SubsampledAttention(8, 2, ratio=3, draws=2, **kw),
    "channel": lambda **kw: attention.ChannelAttention(8, 2, **kw),
    "bi_level": lambda **kw: attention.BiLevelRoutingAttention(8, 2, topk=2, part_size=3, **kw),
    "routing": lambda **kw: attention.RoutingAttention(8, 2, 3, **kw),
}


def make(name: str, seed: int = 0, **kwargs: Any) -> Any:
    """A layer in float64, in evaluation mode."""
    torch.manual_seed(seed)
    return LAYERS[name](**kwargs).double().eval()


def features(num_nodes: int, channels: int = 8, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_nodes, channels, generator=generator, dtype=torch.float64)


def heads_of(layer: Any, linear: torch.nn.Linear, x: Tensor) -> Tensor:
    """``[H, N, D]``"""
    return linear(x).view(len(x), layer.heads, -1).transpose(0, 1)


def plain_attention(layer: Any, x: Tensor, keys: Tensor | None = None, bias: Tensor | None = None,
                    project: bool = True) -> Tensor:
    """Softmax over all pairs with a layer's own linear maps; ``bias`` ``[N, M]`` on the scores."""
    keys = x if keys is None else keys
    q, k, v = (heads_of(layer, lin, of) for lin, of in (
        (layer.lin_query, x), (layer.lin_key, keys), (layer.lin_value, keys)))
    score = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])
    if bias is not None:
        score = score + bias
    out = (score.softmax(dim=2) @ v).transpose(0, 1).flatten(1)
    return layer.lin_out(out) if project else out


def close(a: Tensor, b: Tensor, tolerance: float = 1e-10) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


class LargestTensor(TorchDispatchMode):
    """Notes how many numbers the largest tensor holds that anything makes, backwards too."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                held = tensor.untyped_storage().nbytes() // tensor.element_size()
                self.numbers = max(self.numbers, held)
        return out
