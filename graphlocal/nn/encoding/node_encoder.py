"""The first layer of a graph transformer: features and places of nodes in one set of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from ...graph import checks

#: Arguments of the layer, and what modules have already.
_TAKEN = {"x", "batch", *dir(nn.ModuleDict())}


class NodeEncoder(nn.Module):
    r"""Joins a linear map of the nodes' features with encoders of what is known of their place.

    .. math::
        \mathbf{H} = \mathbf{W} \mathbf{X} + \mathbf{b} + \sum_m \mathrm{enc}_m(\mathbf{S}_m)
        \quad \text{(add)}, \qquad
        \mathbf{H} = (\mathbf{W} \mathbf{X} + \mathbf{b}) \,\Vert\, \mathrm{enc}_1(\mathbf{S}_1)
        \,\Vert\, \cdots \quad \text{(concat)}

    Args:
        in_channels: Size of a node's features; 0 for graphs without any.
        channels: Number of channels that come out.
        encoders: By the name of the attribute of ``Data`` that each turns into channels, such as
            ``{"random_walk_pe": StructuralEncoder(16, 64)}``; called as ``encoder(values, batch)``.
            With ``"add"`` each makes ``channels``, with ``"concat"`` they leave some to the
            features. Default: ``None``.
        fusion: ``"add"`` or ``"concat"``. Default: ``"add"``.

    Shapes:
        - **x:** :math:`(N, F)`, or ``None`` where there are no features
        - **batch:** :math:`(N)`, the graph of each node *(optional)*
        - **encodings:** what each encoder takes, by name
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If channels do not add up, or an encoding is missing, unknown or of another
            number of nodes.

    Example:
        >>> from graphlocal.nn.encoding import LaplacianEncoder, StructuralEncoder
        >>> encoder = NodeEncoder(5, 32, {"laplacian_pe": LaplacianEncoder(8, 32),
        ...                               "orbits": StructuralEncoder(15, 32, log=True)})
        >>> encoder(torch.randn(4, 5), laplacian_pe=torch.randn(4, 8),
        ...         orbits=torch.randint(9, (4, 15))).shape
        torch.Size([4, 32])
    """

    def __init__(self, in_channels: int, channels: int,
                 encoders: Mapping[str, nn.Module] | None = None, *,
                 fusion: Literal["add", "concat"] = "add") -> None:
        super().__init__()
        self.in_channels = checks.check_count(in_channels, "in_channels")
        self.channels = checks.check_count(channels, "channels", least=1)
        self.fusion = checks.check_choice(fusion, "fusion", ("add", "concat"))
        encoders = {} if encoders is None else encoders
        if not isinstance(encoders, Mapping) or not all(
                isinstance(m, nn.Module) for m in encoders.values()):
            checks.fail("encoders", type(encoders).__name__, "modules by the names of attributes",
                        kind=checks.GraphTypeError)
        for name in encoders:
            if not isinstance(name, str) or not name.isidentifier() or name in _TAKEN:
                checks.fail("encoders", f"the name {name!r}", "the name of an attribute of Data, "
                            "none of torch's", "give the attribute another name")
        self.encoders = nn.ModuleDict(encoders)
        sizes = [getattr(encoder, "out_channels", None) for encoder in encoders.values()]
        own = channels
        if self.fusion == "concat":
            if None in sizes:
                checks.fail("encoders", "one without out_channels", "the number of its channels",
                            "set the attribute, or pass fusion='add'")
            own = channels - sum(sizes)
            enough = own >= 1 if in_channels else own == 0
            if not enough:
                want = "fewer than" if in_channels else "exactly"
                checks.fail("encoders", f"{sum(sizes)} channels together", f"{want} "
                            f"channels={channels}", "with fusion='concat' they share them")
        elif any(size not in (None, channels) for size in sizes):
            checks.fail("encoders", f"out_channels {sizes}", f"channels={channels} of each",
                        "with fusion='add' they are added up")
        if not in_channels and not encoders:
            checks.fail("in_channels", "0", "at least 1, or encoders")
        self.lin = nn.Linear(in_channels, own) if in_channels else None

    def reset_parameters(self) -> None:
        """Draws all weights anew, those of the encoders too."""
        for module in self.children():
            reset(module)

    def forward(self, x: Tensor | None = None, batch: Tensor | None = None,
                **encodings: Any) -> Tensor:
        """Channels of the nodes.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
            **encodings: The attributes that the encoders are named by.
        """
        unknown = sorted(encodings.keys() - self.encoders.keys())
        if unknown:
            checks.fail(unknown[0], "an encoding", "none, because no encoder has that name")
        parts: dict[str, Tensor] = {}
        if self.lin is not None:
            parts["x"] = self.lin(checks.check_features(x, self.in_channels))
        for name, encoder in self.encoders.items():
            if encodings.get(name) is None:
                checks.fail(name, "None", "a tensor for the encoder of that name",
                            f"attach it to the data with a transform, and pass {name}=data.{name}")
            parts[name] = encoder(encodings[name], batch)
        rows = next(iter(parts.values())).size(0)
        for name, part in parts.items():
            if part.size(0) != rows:
                checks.fail(name, f"{part.size(0)} rows", f"{rows}, one per node")
        if self.fusion == "concat":
            return torch.cat(list(parts.values()), dim=-1)
        return sum(parts.values())

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.in_channels}, {self.channels}, "
                f"encoders={list(self.encoders)}, fusion={self.fusion!r})")
