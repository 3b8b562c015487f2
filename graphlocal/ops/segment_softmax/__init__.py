"""Softmax within contiguous segments: the attention of every node over its in-edges."""

from __future__ import annotations

import math

from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from ..segment_reduce import check_segments
from ..segment_reduce.binding import segment_index
from . import binding, reference


def segment_softmax(x: Tensor, ptr: Tensor) -> Tensor:
    r"""Softmax over the rows ``x[ptr[b]:ptr[b + 1]]`` of every segment ``b``, column by column.

    .. math::
        y_i = \frac{\exp(x_i - m_b)}{\sum_{j \in b} \exp(x_j - m_b)}, \qquad
        m_b = \max_{j \in b} x_j

    Values of ``-inf`` get 0; a segment of nothing but ``-inf`` gets 0 everywhere, so a node whose
    edges are all masked receives nothing. ``+inf`` and ``NaN`` make a segment ``NaN``.

    Args:
        x: Scores, those of a segment one after another.
        ptr: Borders of the segments, from 0 to the number of rows.

    Shapes:
        - **x, output:** :math:`(N, *)`
        - **ptr:** :math:`(B + 1)`

    Raises:
        GraphError: If ``ptr`` does not cut ``x`` into segments, or ``x`` is not floating point.

    Example:
        >>> import torch
        >>> segment_softmax(torch.tensor([0.0, 0.0, 7.0]), torch.tensor([0, 2, 2, 3])).tolist()
        [0.5, 0.5, 1.0]
    """
    check_segments(x, ptr)
    if not x.is_floating_point():
        checks.fail("x", f"dtype {str(x.dtype).removeprefix('torch.')}", "a floating-point dtype",
                    "convert with .float()", kind=checks.GraphTypeError)
    if choose("segment_softmax", x.device.type, x.dtype, "softmax") == "reference":
        segment = segment_index(ptr, x.shape[0])
        return reference.segment_softmax(x, segment, ptr.shape[0] - 1)
    return binding.softmax(x.reshape(x.shape[0], math.prod(x.shape[1:])), ptr).reshape(x.shape)
