"""Moves the convolutions of a PyG model onto GraphLocal's core, in place, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch_geometric
from torch_geometric.nn import MessagePassing

from ..graph.checks import GraphTypeError, fail
from .conv import (
    GATConv,
    GATv2Conv,
    GCNConv,
    GINConv,
    GraphConv,
    SAGEConv,
    TransformerConv,
)
from .conv.core import CoreConv, obstacle

#: PyG's class -> ours. A layer added here is known to :func:`accelerate`.
_CORE: dict[type[MessagePassing], type[CoreConv]] = {
    ours.origin(): ours for ours in (
        GATConv, GATv2Conv, GCNConv, GINConv, GraphConv, SAGEConv, TransformerConv)
}
#: Set on the modules that :func:`accelerate` changed, so that :func:`restore` knows them.
_MARK = "_accelerated_by_graphlocal"


@dataclass(frozen=True)
class Report:
    """What :func:`accelerate` or :func:`restore` did, by the names of ``named_modules()``.

    Args:
        action: ``"accelerate"`` or ``"restore"``.
        changed: Name -> class of each convolution that changed.
        left: Name -> reason for each convolution that was left as it was.

    Example:
        >>> Report("accelerate", {"conv1": "GCNConv"}, {"conv2": "PNAConv: no fast version yet"})
        accelerate: changed 1 of 2 convolutions
          conv1  GCNConv
          conv2  left, PNAConv: no fast version yet
    """

    action: str
    changed: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = [*self.changed.items(), *((name, f"left, {why}") for name, why in self.left.items())]
        if not rows:
            return f"{self.action}: the model has no convolution of PyG"
        width = max(len(name or "(model)") for name, _ in rows)
        head = f"{self.action}: changed {len(self.changed)} of {len(rows)} convolutions"
        return "\n".join([head, *(f"  {name or '(model)':{width}}  {text}" for name, text in rows)])


def accelerate(model: torch.nn.Module) -> Report:
    """Moves every convolution of a PyG model that GraphLocal knows onto its core, in place.

    Exactly ``GCNConv``, ``SAGEConv``, ``GINConv``, ``GraphConv``, ``GATConv``, ``GATv2Conv`` and
    ``TransformerConv`` of PyG change, wherever they sit in the model: parameters, buffers, names,
    hooks and optimizers stay what they are, and so do the results, but for which attention weights
    drop out. Other layers, subclasses and settings without a fast version are left alone. The
    graph is sorted and normalised once per ``edge_index`` tensor instead of in each pass, so keep
    using the same tensor. Where values tie for a max or min, the first edge takes the gradient,
    which PyG may share out. :func:`restore` undoes it; do so before ``torch.jit``.

    Args:
        model: Any module; a single convolution too.

    Returns:
        What changed, and what was left and why. Print it.

    Raises:
        GraphTypeError: If ``model`` is not a ``torch.nn.Module``.

    Example:
        >>> from torch_geometric.nn import GAT, GCN, PNAConv
        >>> accelerate(GCN(16, 32, num_layers=2, out_channels=7))
        accelerate: changed 2 of 2 convolutions
          convs.0  GCNConv
          convs.1  GCNConv
        >>> accelerate(GAT(16, 32, num_layers=1))
        accelerate: changed 1 of 1 convolutions
          convs.0  GATConv
        >>> accelerate(PNAConv(16, 32, ["mean"], ["identity"], deg=torch.ones(2)))
        accelerate: changed 0 of 1 convolutions
          (model)  left, PNAConv: no fast version yet
    """
    report = Report("accelerate")
    for name, module in _convolutions(model):
        reason = _reason_to_leave(module)
        if reason is None:
            _switch(module, _CORE[type(module)])
            setattr(module, _MARK, True)
            report.changed[name] = type(module).__name__
        else:
            report.left[name] = reason
    return report


def restore(model: torch.nn.Module) -> Report:
    """Undoes :func:`accelerate`: the convolutions it changed are PyG's own again.

    Layers that were made as GraphLocal's stay so.

    Args:
        model: The module that was given to :func:`accelerate`, or one that holds it.

    Raises:
        GraphTypeError: If ``model`` is not a ``torch.nn.Module``.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> model = GCN(16, 32, num_layers=1)
        >>> _ = accelerate(model)
        >>> restore(model)
        restore: changed 1 of 1 convolutions
          convs.0  GCNConv
        >>> type(model.convs[0]).__module__
        'torch_geometric.nn.conv.gcn_conv'
    """
    report = Report("restore")
    for name, module in _convolutions(model):
        if _MARK in vars(module):
            delattr(module, _MARK)
            _switch(module, type(module).origin())
            report.changed[name] = type(module).__name__
        else:
            report.left[name] = f"{type(module).__name__}: accelerate did not change it"
    return report


def _convolutions(model: Any) -> list[tuple[str, MessagePassing]]:
    if not isinstance(model, torch.nn.Module):
        fail("model", type(model).__name__, "a torch.nn.Module",
             "pass the model itself, not its class or its output", kind=GraphTypeError)
    return [(name, m) for name, m in model.named_modules() if isinstance(m, MessagePassing)]


def _reason_to_leave(conv: MessagePassing) -> str | None:
    kind = type(conv)
    if isinstance(conv, CoreConv):
        return f"{kind.__name__}: on the core already"
    if kind not in _CORE:
        for known in _CORE:
            if isinstance(conv, known):
                return f"{kind.__name__}: a subclass of {known.__name__}, which may do other things"
        own = not kind.__module__.startswith(torch_geometric.__name__)
        return f"{kind.__name__}: " + ("not a layer of PyG" if own else "no fast version yet")
    if "forward" in vars(conv) or not _is_pyg_propagate(conv):
        return f"{kind.__name__}: its forward or propagate was replaced"
    reason = obstacle(conv)
    return reason and f"{kind.__name__}: {reason}"


def _is_pyg_propagate(conv: MessagePassing) -> bool:
    """PyG itself binds ``propagate`` to a layer whose ``explain`` was switched."""
    bound = vars(conv).get("propagate")
    kind = type(conv)
    return bound is None or getattr(bound, "__func__", None) in (
        MessagePassing.propagate, kind._orig_propagate, kind._jinja_propagate)


def _switch(conv: MessagePassing, kind: type[MessagePassing]) -> None:
    conv.__class__ = kind
    if "propagate" in vars(conv):  # bound by PyG to the class it was
        normal = not conv.explain and conv.decomposed_layers == 1
        bound = kind._jinja_propagate if normal else kind._orig_propagate
        conv.propagate = bound.__get__(conv, MessagePassing)
