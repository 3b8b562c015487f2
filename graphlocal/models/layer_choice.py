"""The local and global layers a graph transformer knows by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch_geometric.nn import GINEConv, ResGatedGraphConv

from ..graph import checks
from ..nn import attention, conv
from ..nn.attention import NeighborAttention

#: Makes a layer of so many channels.
Factory = Callable[[int], nn.Module]

#: name -> class, of layers called as ``layer(x, batch)``
GLOBAL = {
    "codebook": "CodebookAttention", "dense": "DenseAttention",
    "subsampled": "SubsampledAttention", "routing": "RoutingAttention",
    "bi-level": "BiLevelRoutingAttention", "channel": "ChannelAttention",
}
#: Names of layers called as ``layer(x, edge_index)``; the first ones take features of edges too.
_WITH_EDGES = ("attention", "gat", "gatv2", "gin", "gated-gcn")
LOCAL = (*_WITH_EDGES, "gcn", "sage")


def local_layer(
    choice: str | Factory, channels: int, heads: int, dropout: float, edge_dim: int | None,
    options: Mapping[str, Any],
) -> nn.Module:
    """A layer of the neighbourhood, new at each call.

    Args:
        choice: A name, or a function that makes one of so many channels.
        channels: Size of a node's features, in and out.
        heads: Of attention layers.
        dropout: Of attention weights.
        edge_dim: Size of the features of edges.
        options: Further arguments of the layer.

    Raises:
        GraphError: If the name is unknown, or the layer takes no features of edges and there are
            some.
    """
    if not isinstance(choice, str):
        made = _made(choice, channels, "local")
        if edge_dim is not None and "edge_attr" not in inspect.signature(made.forward).parameters:
            checks.fail("edge_dim", str(edge_dim), "None, for the local layer has no edge_attr")
        return made
    checks.check_choice(choice, "local", LOCAL)
    if edge_dim is not None and choice not in _WITH_EDGES:
        checks.fail("edge_dim", str(edge_dim), f"None, for local={choice!r} takes no features of "
                    "edges", f"choose one of {', '.join(_WITH_EDGES)}")
    if choice == "attention":
        return NeighborAttention(channels, channels, heads, edge_dim=edge_dim, dropout=dropout,
                                 **options)
    if choice in ("gat", "gatv2"):
        share = checks.check_heads(channels, heads, channels_argument="hidden_channels")
        layer = conv.GATConv if choice == "gat" else conv.GATv2Conv
        return layer(channels, share, heads=heads, edge_dim=edge_dim, dropout=dropout,
                     **{"add_self_loops": False, **options})
    if choice == "gin":
        mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.ReLU(),
                            nn.Linear(2 * channels, channels))
        if edge_dim is None:
            return conv.GINConv(mlp, **{"train_eps": True, **options})
        return GINEConv(mlp, **{"train_eps": True, "edge_dim": edge_dim, **options})
    if choice == "gated-gcn":
        return ResGatedGraphConv(channels, channels, edge_dim=edge_dim, **options)
    if choice == "gcn":
        return conv.GCNConv(channels, channels, **options)
    # The node itself is what the residual connection or the linear map beside the layer is for.
    return conv.SAGEConv(channels, channels, **{"root_weight": False, **options})


def global_layer(
    choice: str | Factory, channels: int, heads: int, dropout: float, options: Mapping[str, Any],
) -> nn.Module:
    """A layer that looks at all nodes of a graph, new at each call.

    Args:
        choice: A name, or a function that makes one of so many channels.
        channels: Size of a node's features, in and out.
        heads: Number of heads.
        dropout: Of attention weights.
        options: Further arguments of the layer.

    Raises:
        GraphError: If the name is unknown.
    """
    if not isinstance(choice, str):
        return _made(choice, channels, "global_attention")
    checks.check_choice(choice, "global_attention", tuple(GLOBAL))
    layer = getattr(attention, GLOBAL[choice])
    taken = inspect.signature(layer).parameters
    usual = {name: value for name, value in (("heads", heads), ("dropout", dropout))
             if name in taken}
    unknown = [name for name in options if name not in taken]
    if unknown:
        checks.fail("global_options", repr(unknown[0]),
                    f"arguments of {layer.__name__}: {', '.join(taken)}")
    return layer(channels, **{**usual, **options})


def _made(choice: Any, channels: int, argument: str) -> nn.Module:
    if isinstance(choice, nn.Module) or not callable(choice):
        checks.fail(argument, type(choice).__name__, "a name or a function that makes a layer",
                    "write lambda channels: Layer(channels, channels), for every block has its own",
                    kind=checks.GraphTypeError)
    made = choice(channels)
    if not isinstance(made, nn.Module):
        checks.fail(argument, f"a function that made a {type(made).__name__}", "a module",
                    kind=checks.GraphTypeError)
    return made
