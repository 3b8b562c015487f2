"""Positions in eigenvectors, whose sign means nothing, as channels."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from ...graph import checks
from .structural_encoder import as_columns, mlp


class LaplacianEncoder(nn.Module):
    r"""Turns ``laplacian_pe`` into channels, in one of two ways around the sign of eigenvectors.

    ``"flip"`` flips the sign of each eigenvector of each graph at random in training, as in
    "Benchmarking Graph Neural Networks" (arXiv:2003.00982); ``"invariant"`` cannot tell the signs
    apart, as in "Sign and Basis Invariant Networks for Spectral Graph Representation Learning"
    (arXiv:2202.13013):

    .. math::
        \mathbf{h}_i = \rho \Big( \big\Vert_{c} \, \phi(u_{ic}, \lambda_c) +
        \phi(-u_{ic}, \lambda_c) \Big)

    Args:
        in_channels: Number of eigenvectors k.
        out_channels: Number of channels.
        sign: ``"flip"`` or ``"invariant"``. Default: ``"flip"``.
        eigenvalues: Whether the eigenvalues are given too. Default: ``False``.
        hidden_channels: Channels of an eigenvector inside :math:`\phi`. Default: ``16``.
        num_layers: Linear maps of :math:`\phi`, and of the encoder with ``"flip"``, which are
            ``out_channels`` wide. Default: ``2`` with ``"invariant"``, the least, and ``1`` with
            ``"flip"``.
        act: Activation, by any name PyG knows, or a function. Default: ``"relu"``.

    Shapes:
        - **position:** :math:`(N, k)`
        - **eigenvalues:** :math:`(N, k)` *(optional)*
        - **batch:** :math:`(N)`, the graph of each node, in any order *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If an argument or a shape is wrong, or eigenvalues are missing or not expected.

    Example:
        >>> encoder = LaplacianEncoder(8, 16, sign="invariant")
        >>> position = torch.randn(4, 8)
        >>> torch.allclose(encoder(position), encoder(-position))
        True
    """

    def __init__(self, in_channels: int, out_channels: int, *,
                 sign: Literal["flip", "invariant"] = "flip", eigenvalues: bool = False,
                 hidden_channels: int = 16, num_layers: int | None = None,
                 act: Any = "relu") -> None:
        super().__init__()
        self.in_channels = checks.check_count(in_channels, "in_channels", least=1)
        self.out_channels = checks.check_count(out_channels, "out_channels", least=1)
        self.sign = checks.check_choice(sign, "sign", ("flip", "invariant"))
        self.eigenvalues = bool(eigenvalues)
        checks.check_count(hidden_channels, "hidden_channels", least=1)
        if num_layers is None:
            num_layers = 2 if sign == "invariant" else 1
        # A linear map of either sign adds up to nothing.
        least = 2 if sign == "invariant" else 1
        self.num_layers = checks.check_count(num_layers, "num_layers", least=least)
        given = 2 if self.eigenvalues else 1
        if sign == "flip":
            self.each = None
            self.lins = mlp(given * in_channels, out_channels, out_channels, num_layers, act)
        else:
            self.each = mlp(given, hidden_channels, hidden_channels, num_layers, act)
            self.lins = nn.Linear(in_channels * hidden_channels, out_channels)

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)

    def forward(self, position: Tensor, batch: Tensor | None = None,
                eigenvalues: Tensor | None = None) -> Tensor:
        """Channels of the nodes.

        Args:
            position: Entries of the eigenvectors.
            batch: The graph of each node, for flips of its own. Default: ``None``, all of one.
            eigenvalues: Of the eigenvectors, in each row those of the node's component.
        """
        dtype = next(self.parameters()).dtype
        position = as_columns(position, self.in_channels, dtype, "position")
        if (eigenvalues is not None) != self.eigenvalues:
            got, want = ("None", "a tensor") if self.eigenvalues else ("a tensor", "None")
            checks.fail("eigenvalues", got, f"{want}, because eigenvalues={self.eigenvalues}")
        parts = [position]
        if eigenvalues is not None:
            parts.append(as_columns(eigenvalues, self.in_channels, dtype, "eigenvalues"))
            if len(eigenvalues) != len(position):
                checks.fail("eigenvalues", f"{len(eigenvalues)} rows", f"{len(position)}, as "
                            "'position'")
        if self.each is None:
            if self.training:
                parts[0] = position * self._flips(position, batch)
            return self.lins(torch.cat(parts, dim=-1))
        both = sum(self.each(torch.stack([sign * position, *parts[1:]], dim=-1))
                   for sign in (1, -1))  # [N, k, H]
        return self.lins(both.flatten(1))

    def _flips(self, position: Tensor, batch: Tensor | None) -> Tensor:
        """A sign for each eigenvector of each graph, ``[N, k]`` or ``[1, k]``."""
        graphs = 1
        if batch is not None:
            # Numbers may have gaps: a sign for each that occurs.
            numbers, batch = checks.check_groups(batch, position).unique(return_inverse=True)
            graphs = numbers.numel()
        signs = position.new_empty(graphs, position.size(1)).bernoulli_(0.5).mul_(2).sub_(1)
        return signs if batch is None else signs.index_select(0, batch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}, sign={self.sign!r})"
