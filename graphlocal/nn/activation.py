"""Activations by name."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch_geometric.nn.resolver import activation_resolver

from ..graph import checks


def activation(act: Any) -> nn.Module:
    """The module of an activation.

    Args:
        act: Any name PyG knows, a module, or a function.

    Raises:
        GraphError: If it is none of these.

    Example:
        >>> activation("gelu")
        GELU(approximate='none')
    """
    try:
        found = activation_resolver(act)
    except ValueError:
        found = None
    if not callable(found):
        checks.fail("act", repr(act), "a function, a module or the name of an activation, such as "
                    "'relu', 'gelu' or 'silu'")
    return found
