"""The network of the NCN paper that completes neighbourhoods."""

from __future__ import annotations

from ..nn.link import NCNCPredictor
from .ncn import NCN


class NCNC(NCN):
    r"""An encoder and :class:`~graphlocal.nn.link.NCNCPredictor`; otherwise as :class:`NCN`.

    Args:
        encoder: As for :class:`NCN`.
        hidden_channels: As for :class:`NCN`.
        in_channels: As for :class:`NCN`.
        **kwargs: Of :class:`~graphlocal.nn.link.NCNCPredictor`: ``depth, alpha, scale, offset, pt``
            and more.

    Shapes:
        - As for :class:`NCN`.

    Raises:
        GraphError: If the parts or the inputs do not fit together.

    Example:
        >>> import torch
        >>> from graphlocal.models import LinkEncoder
        >>> model = NCNC(LinkEncoder(16, 32), scale=4.3, offset=2.8)
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> pairs = torch.tensor([[0, 0], [2, 1]])
        >>> model(torch.randn(3, 16), path, pairs, exclude=pairs).shape
        torch.Size([2])
    """

    _predictor = NCNCPredictor
