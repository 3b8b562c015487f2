"""A layer of a graph transformer: what is near, what is far, and a network for each node."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn import BatchNorm, GraphNorm
from torch_geometric.nn.inits import reset

from ...graph import checks
from ..activation import activation
from ..dropout import Dropout

Norm = Literal["layer", "batch", "graph"]
Fusion = Literal["sum", "concat", "gate", "sequence"]


class LocalGlobalBlock(nn.Module):
    r"""Joins a local layer, a global layer and a feed-forward network by residual connections, as
    in "Recipe for a General, Powerful, Scalable Graph Transformer" (arXiv:2205.12454).

    With :math:`\mathbf{L} = \mathrm{local}(\mathrm{norm}(\mathbf{X}), \mathcal{E})` and
    :math:`\mathbf{G} = \mathrm{global}(\mathrm{norm}(\mathbf{X}))`,

    .. math::
        \mathbf{H} &= \mathbf{X} + \mathbf{L} + \mathbf{G} && \text{(sum)} \\
        \mathbf{H} &= \mathbf{X} + \mathbf{W} [\mathbf{L} \,\Vert\, \mathbf{G}] && \text{(concat)}\\
        \mathbf{H} &= \mathbf{X} + \mathbf{S} \odot \mathbf{L} + (1 - \mathbf{S}) \odot \mathbf{G},
        \quad \mathbf{S} = \sigma(\mathbf{W} [\mathbf{L} \,\Vert\, \mathbf{G}]) && \text{(gate)} \\
        \mathbf{H} &= \mathbf{Y} + \mathrm{global}(\mathrm{norm}(\mathbf{Y})),
        \quad \mathbf{Y} = \mathbf{X} + \mathbf{L} && \text{(sequence)}

    and then :math:`\mathbf{X}^{\prime} = \mathbf{H} + \mathrm{FFN}(\mathrm{norm}(\mathbf{H}))`.
    With ``norm_first=False`` each norm comes after its residual connection instead, a connection
    being part of :math:`\mathbf{L}` and of :math:`\mathbf{G}`; with ``norm="batch"`` that is what
    :class:`torch_geometric.nn.GPSConv` computes. Of a block with one layer alone, ``fusion`` does
    not matter.

    Args:
        channels: Size of a node's features, in and out.
        local: Called as ``local(x, edge_index, **edge arguments)``: a layer of this package or any
            convolution of PyG which gives back ``channels`` columns. Default: ``None``.
        global_attention: Called as ``global_attention(x, batch)``, or, if it has an attribute
            ``takes_graph`` that is true, as ``global_attention(x, edge_index, batch)``.
            Default: ``None``.
        ffn: Width of the hidden layer of the feed-forward network in multiples of ``channels``, a
            module to use instead, or ``None`` for none. Default: ``2.0``.
        norm: ``"layer"`` norm of each node, ``"batch"`` norm over all nodes, ``"graph"`` norm over
            the nodes of each graph, or ``None``. In training, batch norm takes a single node by the
            running statistics. Default: ``"layer"``.
        norm_first: Whether the norm comes before a layer rather than after the residual
            connection. Default: ``True``.
        fusion: ``"sum"``, ``"concat"``, ``"gate"`` or ``"sequence"``. Default: ``"sum"``.
        dropout: Of the output of each layer and inside the feed-forward network. Default: ``0``.
        act: Activation of the feed-forward network, by any name PyG knows, or a function.
            Default: ``"relu"``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **edge_index:** whatever ``local`` takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If there is neither a local nor a global layer, an argument is unknown, ``x``
            has other columns, or a layer gives back another shape.

    Example:
        >>> from torch_geometric.nn import SAGEConv
        >>> block = LocalGlobalBlock(16, local=SAGEConv(16, 16), fusion="gate")
        >>> block(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 16])
    """

    def __init__(
        self, channels: int, local: nn.Module | None = None,
        global_attention: nn.Module | None = None, *, ffn: float | nn.Module | None = 2.0,
        norm: Norm | None = "layer", norm_first: bool = True, fusion: Fusion = "sum",
        dropout: float = 0.0, act: Any = "relu",
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        for name, layer in (("local", local), ("global_attention", global_attention)):
            if layer is not None and not isinstance(layer, nn.Module):
                checks.fail(name, repr(layer), "a module or None", kind=checks.GraphTypeError)
        if local is None and global_attention is None:
            checks.fail("local", "None, as global_attention", "at least one of the two")
        self.norm = checks.check_choice(norm, "norm", ("layer", "batch", "graph", None))
        self.norm_first = bool(norm_first)
        self.fusion = checks.check_choice(fusion, "fusion", ("sum", "concat", "gate", "sequence"))
        self.dropout = checks.check_fraction(dropout, "dropout")

        self.local, self.global_attention = local, global_attention
        self.ffn = _ffn(ffn, channels, self.dropout, act)
        self.norm1, self.norm2, self.norm3 = (
            _norm(norm, channels) if layer is not None else None
            for layer in (local, global_attention, self.ffn))
        self.drop = Dropout(self.dropout)
        joins = None not in (local, global_attention) and fusion in ("concat", "gate")
        self.join = nn.Linear(2 * channels, channels) if joins else None

    def reset_parameters(self) -> None:
        """Draws all weights anew, those of the layers too."""
        for module in self.children():
            reset(module)

    def forward(self, x: Tensor, edge_index: Any = None, batch: Tensor | None = None,
                **kwargs: Any) -> Tensor:
        """Features of the nodes after the block.

        Args:
            x: Features of the nodes.
            edge_index: The graph as ``local`` takes it; without a local layer nobody looks at it.
            batch: The graph of each node. Default: ``None``, all of one.
            **kwargs: Passed to ``local``, such as ``edge_attr``.
        """
        checks.check_features(x, self.channels)
        if batch is not None:
            checks.check_groups(batch, x)
            if self.norm == "graph":
                batch = _numbered(batch)
        if self.fusion == "sequence":
            h = self._near(x, edge_index, batch, kwargs, x)
            h = self._far(h, edge_index, batch, h)
        elif self.norm_first:
            h = x + self._fused(self._near(x, edge_index, batch, kwargs, None),
                                self._far(x, edge_index, batch, None))
        else:
            h = self._fused(self._near(x, edge_index, batch, kwargs, x),
                            self._far(x, edge_index, batch, x))
        if self.ffn is None:
            return h
        return self._around(self.norm3, self.ffn, h, batch, h, "ffn")

    def _near(self, x: Tensor, edge_index: Any, batch: Tensor | None, kwargs: dict[str, Any],
              residual: Tensor | None) -> Tensor | None:
        if self.local is None:
            return residual if self.fusion == "sequence" else None
        return self._around(self.norm1, lambda h: self.drop(self.local(h, edge_index, **kwargs)),
                            x, batch, residual, "local")

    def _far(self, x: Tensor, edge_index: Any, batch: Tensor | None,
             residual: Tensor | None) -> Tensor | None:
        if self.global_attention is None:
            return residual if self.fusion == "sequence" else None
        graph = (edge_index,) if getattr(self.global_attention, "takes_graph", False) else ()
        return self._around(self.norm2,
                            lambda h: self.drop(self.global_attention(h, *graph, batch)),
                            x, batch, residual, "global_attention")

    def _around(self, norm: nn.Module | None, layer: Any, x: Tensor, batch: Tensor | None,
                residual: Tensor | None, name: str) -> Tensor:
        """A layer with its norm, and with its residual connection where there is one."""
        out = layer(self._normed(norm, x, batch) if self.norm_first else x)
        if not isinstance(out, Tensor) or out.shape != x.shape:
            got = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
            checks.fail(name, f"a layer whose output has {got}",
                        f"one whose output has the shape of its input, {tuple(x.shape)}")
        if residual is not None:
            out = residual + out
        return out if self.norm_first else self._normed(norm, out, batch)

    def _normed(self, norm: nn.Module | None, x: Tensor, batch: Tensor | None) -> Tensor:
        if norm is None or x.size(0) == 0:
            return x
        return norm(x, batch) if self.norm == "graph" else norm(x)

    def _fused(self, near: Tensor | None, far: Tensor | None) -> Tensor:
        if near is None or far is None:
            return far if near is None else near
        if self.join is None:
            return near + far
        joined = self.join(torch.cat([near, far], dim=-1))
        if self.fusion == "concat":
            return joined
        return torch.lerp(far, near, torch.sigmoid(joined))

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.channels}, local={self.local}, "
                f"global_attention={self.global_attention}, norm={self.norm!r}, "
                f"norm_first={self.norm_first}, fusion={self.fusion!r})")


def _numbered(batch: Tensor) -> Tensor:
    """The graph of each node by a number that a row may be kept for."""
    if batch.numel() == 0 or torch.compiler.is_compiling():
        return batch.long()
    low, high = (int(number) for number in batch.aminmax())
    if low < 0:
        checks.fail("batch", f"value {low}", "numbers of at least 0")
    return batch.unique(return_inverse=True)[1] if high >= batch.numel() else batch.long()


def _norm(name: Norm | None, channels: int) -> nn.Module | None:
    if name is None:
        return None
    if name == "batch":
        return BatchNorm(channels, allow_single_element=True)
    return nn.LayerNorm(channels) if name == "layer" else GraphNorm(channels)


def _ffn(ffn: Any, channels: int, dropout: float, act: Any) -> nn.Module | None:
    if ffn is None or isinstance(ffn, nn.Module):
        return ffn
    hidden = round(channels * checks.check_positive(ffn, "ffn"))
    if hidden < 1:
        checks.fail("ffn", str(ffn), f"at least {1 / channels:g}, one hidden channel")
    return nn.Sequential(nn.Linear(channels, hidden), activation(act), Dropout(dropout),
                         nn.Linear(hidden, channels), Dropout(dropout))
