"""Attention within many groups of rows of different sizes, and within one of any size.

What depends on the sizes of groups is left as it is by ``torch.compile``, which would compile it
anew for every batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from ... import ops
from ...graph import checks

#: Weights that exist at once where torch has no kernel that makes do without them.
_WEIGHTS = 1 << 22


def graph_ptr(batch: Tensor | None, x: Tensor) -> Tensor | None:
    """Borders of the graphs in ``batch`` that have nodes, ``[G + 1]``; ``None`` of one graph.

    Numbers that do not occur are graphs without nodes, which get nothing and cost nothing.

    Raises:
        GraphError: If ``batch`` does not fit ``x``, or is not sorted.

    Example:
        >>> graph_ptr(torch.tensor([0, 0, 3]), torch.ones(3, 1)).tolist()
        [0, 2, 3]
    """
    if batch is None:
        return None
    checks.check_groups(batch, x)
    return _borders_of_runs(batch)


@torch.compiler.disable
def _borders_of_runs(batch: Tensor) -> Tensor:
    def build() -> Tensor:
        checks.check_sorted(batch)
        return borders(torch.unique_consecutive(batch, return_counts=True)[1])

    return ops.remember(batch, "graph borders", build)


def borders(size: Tensor) -> Tensor:
    """``[0, size[0], size[0] + size[1], ...]``

    Example:
        >>> borders(torch.tensor([2, 0, 3])).tolist()
        [0, 2, 2, 5]
    """
    return torch.nn.functional.pad(size.cumsum(0), (1, 0))


class Bucket(NamedTuple):
    """Groups of about the same size, one a row, padded to the largest.

    Shapes:
        - **segment:** :math:`(S)`, which groups
        - **index:** :math:`(S, L)`, their rows; padding repeats the last
        - **absent:** :math:`(S, L)`, what is padding, or ``None`` where nothing is

    Example:
        >>> bucket, = buckets(torch.tensor([0, 1, 2]))
        >>> bucket.index.tolist()
        [[0], [1]]
    """

    segment: Tensor
    index: Tensor
    absent: Tensor | None


@torch.compiler.disable
def buckets(ptr: Tensor, exact: bool = False) -> list[Bucket]:
    """Groups of rows ``ptr[s]:ptr[s + 1]`` by their sizes, without the empty ones.

    Less than an eighth of a bucket is padding, and none is with ``exact``.

    Example:
        >>> [b.segment.tolist() for b in buckets(torch.tensor([0, 2, 3, 3, 5]))]
        [[1], [0, 3]]
    """
    def build() -> list[Bucket]:
        size = ptr.diff()
        return [_bucket(ptr, size, segment)
                for segment in _alike(size if exact else _rounded(size), size > 0)]

    return ops.remember(ptr, ("buckets", exact), build)


def _alike(key: Tensor, taken: Tensor) -> list[Tensor]:
    """Places with equal keys together, each list in order."""
    place = taken.nonzero().squeeze(1)
    if place.numel() == 0:
        return []
    key, order = key[place].sort(stable=True)
    sizes = torch.unique_consecutive(key, return_counts=True)[1].tolist()
    return list(place[order].split(sizes))


def _rounded(size: Tensor) -> Tensor:
    """Sizes rounded up to one of eight steps between two powers of two."""
    power = (size - 1).clamp(min=1).double().log2().floor().long()
    step = torch.ones_like(size) << (power - 3).clamp(min=0)
    return (size + step - 1) // step * step


def _bucket(ptr: Tensor, size: Tensor, segment: Tensor) -> Bucket:
    width = size[segment]
    place = torch.arange(int(width.max()), device=ptr.device)
    index = ptr[segment, None] + torch.minimum(place, width[:, None] - 1)
    short = bool((width < len(place)).any())
    return Bucket(segment, index, place >= width[:, None] if short else None)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None,
           dropout: float = 0.0) -> Tensor:
    """Dense attention of groups of one size, ``[S, L, H, D]`` to ``[S, M, H, D]``.

    The weights are never held at once: torch's own kernel recomputes them. It cannot drop any on
    a CPU, so there blocks of them are made, and made again in the backward pass.

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        bias: Added to the scores of each key, the same for all queries; not minus infinity for
            all keys of a group. Default: ``None``.
        dropout: Probability of dropping a weight. Default: ``0``.

    Shapes:
        - **q:** :math:`(S, L, H, D)`
        - **k, v:** :math:`(S, M, H, D)`
        - **bias:** :math:`(S, M)`
        - **output:** :math:`(S, L, H, D)`

    Example:
        >>> x = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)
        >>> attend(torch.zeros(1, 1, 1, 1), x, x).item()
        2.0
    """
    if q.numel() == 0:  # the kernel's gradients of no query are not zero
        return nothing(q, k, v)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))  # [S, H, L, D]
    if bias is not None:
        bias = bias.to(q.dtype)[:, None, None, :]

    def run(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
        return scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=dropout)

    if dropout == 0 or q.device.type != "cpu" or q.numel() // q.size(-1) * k.size(2) <= _WEIGHTS:
        return run(q, k, v, bias).transpose(1, 2)
    groups = max(1, _WEIGHTS // (q.size(1) * q.size(2) * k.size(2)))
    rows = max(1, _WEIGHTS // (q.size(1) * k.size(2)))
    out = [
        torch.cat([checkpoint(run, part, *same, use_reentrant=False)
                   for part in q[s : s + groups].split(rows, dim=2)], dim=2)
        for s in range(0, q.size(0), groups)
        for same in [(k[s : s + groups], v[s : s + groups],
                      None if bias is None else bias[s : s + groups])]
    ]
    return torch.cat(out).transpose(1, 2)


@torch.compiler.disable
def attend_groups(q: Tensor, k: Tensor, v: Tensor, query_ptr: Tensor, key_ptr: Tensor,
                  bias: Tensor | None = None, dropout: float = 0.0,
                  query_row: Tensor | None = None, key_row: Tensor | None = None) -> Tensor:
    r"""Dense attention of each group of queries to its own group of keys; see :func:`attend`.

    Groups of about the same size are padded to the largest and computed together. A query in no
    group, or in one without keys, gets 0.

    Args:
        q: Queries, those of a group one after another.
        k: Keys.
        v: Values.
        query_ptr: Borders of the groups of queries.
        key_ptr: Borders of the groups of keys, as many.
        bias: Added to the scores of each key. Default: ``None``.
        dropout: Probability of dropping a weight. Default: ``0``.
        query_row: Rows of ``q`` in the groups, none twice. Default: ``None``, all in order.
        key_row: Rows of ``k`` and ``v`` in the groups. Default: ``None``, all in order.

    Shapes:
        - **q, output:** :math:`(N, H, D)`
        - **k, v:** :math:`(M, H, D)`
        - **query_ptr, key_ptr:** :math:`(G + 1)`
        - **query_row:** :math:`(N^{\prime})`
        - **bias, key_row:** :math:`(M^{\prime})`
        - **output:** :math:`(N, H, D)`

    Example:
        >>> q, x = torch.zeros(3, 1, 1), torch.tensor([1.0, 2.0, 4.0]).view(3, 1, 1)
        >>> ptr = torch.tensor([0, 1, 3])
        >>> attend_groups(q, x, x, ptr, ptr).flatten().tolist()
        [1.0, 3.0, 3.0]
    """
    if query_ptr.numel() == 2 and k.size(0) and query_row is None and key_row is None:
        # One group needs no copies.
        return attend(q[None], k[None], v[None], None if bias is None else bias[None], dropout)[0]
    parts, near_buckets = [], []
    for near, far in _matched(query_ptr, key_ptr):
        mask = None if bias is None else bias[far.index]
        if far.absent is not None:
            mask = q.new_zeros(far.index.shape) if mask is None else mask
            mask = mask.masked_fill(far.absent, -float("inf"))
        source = far.index if key_row is None else key_row[far.index]
        if query_row is not None:
            near = near._replace(index=query_row[near.index])
        parts.append(attend(q[near.index], k[source], v[source], mask, dropout))  # [S, L, H, D]
        near_buckets.append(near)
    if not parts:
        return nothing(q, k, v)
    return join_buckets(parts, near_buckets, q)


def nothing(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Zeros for each query that are connected to the weights, as replicas want all gradients.

    Example:
        >>> nothing(torch.ones(2, 1, 1), torch.ones(0, 1, 1), torch.ones(0, 1, 1)).shape
        torch.Size([2, 1, 1])
    """
    return 0 * q + 0 * (k.sum() + v.sum())


@torch.compiler.disable
def join_buckets(parts: list[Tensor], found: list[Bucket], like: Tensor) -> Tensor:
    """Rows ``[S, L, ...]`` of buckets where they belong among zeros of the shape of ``like``.

    Example:
        >>> x = torch.tensor([[1.0], [2.0], [3.0]])
        >>> found = buckets(torch.tensor([0, 1, 3]))
        >>> join_buckets([x[b.index] for b in found], found, x).flatten().tolist()
        [1.0, 2.0, 3.0]
    """
    rows, places = [], []
    for part, bucket in zip(parts, found, strict=True):
        if bucket.absent is None:
            rows.append(part.flatten(0, 1))
            places.append(bucket.index.flatten())
        else:
            rows.append(part[~bucket.absent])
            places.append(bucket.index[~bucket.absent])
    out = torch.cat(rows)
    return out.new_zeros(like.shape).index_copy(0, torch.cat(places), out)


def _matched(query_ptr: Tensor, key_ptr: Tensor) -> list[tuple[Bucket, Bucket]]:
    if len(query_ptr) == 1:
        return []
    if query_ptr is key_ptr:
        return [(bucket, bucket) for bucket in buckets(query_ptr)]
    near, far = query_ptr.diff(), key_ptr.diff()
    small, large = _rounded(near), _rounded(far)
    alike = _alike(small * (int(large.max()) + 1) + large, (near > 0) & (far > 0))
    return [(_bucket(query_ptr, near, s), _bucket(key_ptr, far, s)) for s in alike]
