"""The network of the NCN paper."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..graph import checks
from ..nn.link import NCNPredictor
from .link_model import LinkModel


class NCN(LinkModel):
    r"""An encoder and :class:`~graphlocal.nn.link.NCNPredictor`: "Neural Common Neighbor with
    Completion for Link Prediction" (arXiv:2302.00890).

    Args:
        encoder: Any module of PyG or GraphLocal called as ``encoder(x, edge_index)``, or a
            :class:`LinkEncoder`.
        hidden_channels: Size of the predictor's hidden layers. Default: the size of the encoder's
            output.
        in_channels: Size of the encoder's output. Default: its ``out_channels``.
        **kwargs: Of :class:`~graphlocal.nn.link.NCNPredictor`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F)`, or whatever the encoder takes
        - **edge_index:** :math:`(2, |\mathcal{E}|)`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`

    Raises:
        GraphError: If the parts or the inputs do not fit together.

    Example:
        >>> import torch
        >>> from graphlocal.models import LinkEncoder
        >>> model = NCN(LinkEncoder(16, 32))
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> pairs = torch.tensor([[0, 0], [2, 1]])
        >>> model(torch.randn(3, 16), path, pairs, exclude=pairs).shape
        torch.Size([2])
    """

    _predictor: type[NCNPredictor] = NCNPredictor

    def __init__(self, encoder: nn.Module, hidden_channels: int | None = None, *,
                 in_channels: int | None = None, **kwargs: Any) -> None:
        in_channels = _size_of(encoder, in_channels)
        hidden_channels = in_channels if hidden_channels is None else hidden_channels
        super().__init__(encoder, self._predictor(in_channels, hidden_channels, **kwargs))


def _size_of(encoder: Any, in_channels: int | None) -> int:
    """Size of an encoder's output, given or known to it."""
    if in_channels is None:
        in_channels = getattr(encoder, "out_channels", None)
        if not isinstance(in_channels, int):
            checks.fail("in_channels", "None", f"a number, because {type(encoder).__name__} has no "
                        "out_channels", "pass the size of the encoder's output")
    return in_channels
