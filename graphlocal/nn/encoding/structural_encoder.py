"""Numbers that describe the place of nodes as channels."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn import BatchNorm
from torch_geometric.nn.inits import reset

from ...graph import checks
from ..activation import activation


class StructuralEncoder(nn.Module):
    r"""Turns measured features of nodes, such as ``random_walk_pe``, orbit counts or concentration,
    into channels.

    .. math::
        \mathbf{H} = \mathbf{W} \, \mathrm{norm}(\mathbf{S}) + \mathbf{b}, \qquad
        \mathbf{S} \leftarrow \mathrm{sign}(\mathbf{S}) \log(1 + |\mathbf{S}|)
        \text{ with } \mathtt{log}

    Features of different kinds have different scales: batch norm brings each to mean 0 and
    variance 1 before they are mixed. A feature that is nearly always 0, as the probability that an
    odd walk returns is among molecules, has hardly any variance: brought to 1, its few values of
    another kind weigh more than all else. Features of one scale are better left as they are, with
    ``norm=None``.

    Args:
        in_channels: Number of features.
        out_channels: Number of channels.
        log: Whether to take the logarithm first, for raw counts. Default: ``False``.
        norm: ``"batch"`` or ``None``. Default: ``"batch"``.
        num_layers: Linear maps, with activations between them. Default: ``1``.
        act: By any name PyG knows, or a function. Default: ``"relu"``.

    Shapes:
        - **features:** :math:`(N, F)`, or :math:`(N)` for a single one; whole numbers too
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If an argument or the shape of the features is wrong.

    Example:
        >>> encoder = StructuralEncoder(15, 8, log=True)
        >>> encoder(torch.randint(100, (4, 15))).shape
        torch.Size([4, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, *, log: bool = False,
                 norm: Literal["batch"] | None = "batch", num_layers: int = 1,
                 act: Any = "relu") -> None:
        super().__init__()
        self.in_channels = checks.check_count(in_channels, "in_channels", least=1)
        self.out_channels = checks.check_count(out_channels, "out_channels", least=1)
        self.log = bool(log)
        checks.check_choice(norm, "norm", ("batch", None))
        self.norm = BatchNorm(in_channels, allow_single_element=True) if norm else None
        self.num_layers = checks.check_count(num_layers, "num_layers", least=1)
        self.lins = mlp(in_channels, out_channels, out_channels, num_layers, act)

    def reset_parameters(self) -> None:
        """Draws all weights anew and forgets the statistics."""
        for module in self.children():
            reset(module)

    def forward(self, features: Tensor, batch: Tensor | None = None) -> Tensor:
        """Channels of the nodes.

        Args:
            features: What was measured.
            batch: Not looked at; encoders are called alike.
        """
        features = as_columns(features, self.in_channels, self.lins[0].weight.dtype)
        if self.log:
            features = features.sign() * features.abs().log1p()
        if self.norm is not None and features.size(0) > 0:
            features = self.norm(features)
        return self.lins(features)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}, log={self.log})"


def as_columns(features: Any, channels: int, dtype: torch.dtype,
               argument: str = "features") -> Tensor:
    """A matrix ``[N, channels]`` of a dtype; one column may come as a vector.

    Example:
        >>> as_columns(torch.tensor([1, 2]), 1, torch.float32).shape
        torch.Size([2, 1])
    """
    if not isinstance(features, Tensor):
        checks.fail(argument, type(features).__name__, f"a tensor of shape (N, {channels})",
                    kind=checks.GraphTypeError)
    if features.is_complex():
        checks.fail(argument, f"dtype {str(features.dtype).removeprefix('torch.')}", "real numbers",
                    kind=checks.GraphTypeError)
    if features.dim() == 1 and channels == 1:
        features = features.unsqueeze(-1)
    return checks.check_features(features if features.is_floating_point() else features.to(dtype),
                                 channels, argument).to(dtype)


def mlp(in_channels: int, hidden_channels: int, out_channels: int, num_layers: int,
        act: Any) -> nn.Sequential:
    """Linear maps with an activation between them.

    Example:
        >>> len(mlp(4, 8, 2, 2, "relu"))
        3
    """
    sizes = [in_channels, *[hidden_channels] * (num_layers - 1), out_channels]
    layers: list[nn.Module] = []
    for size, following in pairwise(sizes):
        layers += [nn.Linear(size, following), activation(act)]
    return nn.Sequential(*layers[:-1])
