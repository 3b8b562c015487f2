"""The linear map that takes features as they come."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .. import ops
from ..graph import checks
from .dropout import dropout

#: Features are taken for sparse where at most this share of them is not zero ...
_DENSITY = 0.1
#: ... and there are enough of them to be worth a look.
_NUMBERS = 2**16


class _Sparse(NamedTuple):
    adjacency: ops.Adjacency
    value: Tensor


class FeatureLinear(nn.Linear):
    r"""Dropout and a linear map for features that are mostly zeros, such as bags of words.

    .. math::
        \mathbf{Y} = \mathrm{dropout}(\mathbf{X}) \mathbf{W}^{\top} + \mathbf{b}

    Only what is not zero is dropped or multiplied. A ``torch.sparse`` matrix is taken as it is; of
    a dense one that needs no gradient, the sparse form is made once and remembered while the tensor
    lives unchanged. Everything else is a plain ``Linear``. The parameters are those of
    ``torch.nn.Linear``.

    Args:
        in_channels: Size of a node's features.
        out_channels: Size of the output.
        bias: Default: ``True``.
        dropout: Probability of dropping a feature in training. Default: ``0``.

    Shapes:
        - **x:** :math:`(N, F_{in})`, dense or ``torch.sparse``
        - **output:** :math:`(N, F_{out})`

    Raises:
        GraphError: If the features do not fit.

    Example:
        >>> linear = FeatureLinear(4, 2)
        >>> x = torch.eye(4)
        >>> torch.allclose(linear(x.to_sparse_csr()), linear(x))
        True
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True,
                 dropout: float = 0.0) -> None:
        super().__init__(in_channels, out_channels, bias)
        self.dropout = checks.check_fraction(dropout, "dropout")

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor) or x.dim() != 2 or x.size(1) != self.in_features:
            got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            checks.fail("x", got, f"shape (N, {self.in_features})")
        if not x.is_floating_point():
            checks.fail("x", str(x.dtype), "floating-point features", "convert with .float(), or "
                        "give the encoder num_embeddings if they are ids",
                        kind=checks.GraphTypeError)
        sparse = _as_sparse(x)
        if sparse is None:
            return super().forward(dropout(x, self.dropout, self.training))
        value = dropout(sparse.value, self.dropout, self.training)
        out = ops.spmm(sparse.adjacency, self.weight.t().contiguous(), value)
        return out if self.bias is None else out + self.bias


def _as_sparse(x: Tensor) -> _Sparse | None:
    if x.layout is not torch.strided:
        matrix = x.coalesce() if x.layout is torch.sparse_coo else x
        return _Sparse(ops.as_adjacency(matrix), matrix.values())
    if (x.requires_grad or x.is_meta or x.numel() < _NUMBERS
            or torch.compiler.is_compiling()):
        return None

    def build() -> _Sparse | tuple[()]:
        if int(torch.count_nonzero(x)) > _DENSITY * x.numel():
            return ()
        place = x.detach().nonzero().t()
        return _Sparse(ops.as_adjacency(place.flip(0), x.size(1), x.size(0)),
                       x.detach()[place[0], place[1]])

    return ops.remember(x, "sparse features", build) or None
