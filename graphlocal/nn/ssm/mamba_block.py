"""The block of Mamba, whose checkpoints it loads."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...graph import checks
from ...ops.causal_conv import causal_conv
from ...ops.selective_scan import selective_scan


class MambaBlock(nn.Module):
    r"""The block of `"Mamba: Linear-Time Sequence Modeling with Selective State Spaces"
    <https://arxiv.org/abs/2312.00752>`_: a short convolution and a selective scan, gated.

    .. math::
        [\mathbf{X}, \mathbf{Z}] &= \mathbf{H} \mathbf{W}_{in} \\
        \mathbf{X} &= \mathrm{SiLU}(\mathrm{Conv}(\mathbf{X})), \qquad
        [\mathbf{R}, \mathbf{B}, \mathbf{C}] = \mathbf{X} \mathbf{W}_x \\
        \mathbf{Y} &= \mathrm{scan}(\mathbf{X}, \mathrm{softplus}(\mathbf{R} \mathbf{W}_{dt} +
        \mathbf{b}_{dt}), -e^{\mathbf{A}_{log}}, \mathbf{B}, \mathbf{C}, \mathbf{D}) \odot
        \mathrm{SiLU}(\mathbf{Z}), \qquad \mathbf{H}' = \mathbf{Y} \mathbf{W}_{out}

    Parameters have the names, shapes and initial values of mamba-ssm's ``Mamba``, so that
    ``load_state_dict`` takes its checkpoints. Those that must not decay are marked by an attribute
    ``_no_weight_decay``.

    Args:
        channels: Size of each row.
        d_state: States per channel. (default: ``16``)
        d_conv: Length of the convolution. (default: ``4``)
        expand: Inner channels per channel. (default: ``2``)
        dt_rank: Rank of the map to step sizes; ``"auto"`` is a sixteenth of the channels.
            (default: ``"auto"``)
        dt_min, dt_max: Step sizes lie between these at first. (default: ``0.001``, ``0.1``)
        dt_init: ``"random"`` or ``"constant"`` weights of the map to step sizes.
            (default: ``"random"``)
        dt_scale: Factor of these weights. (default: ``1.0``)
        dt_init_floor: Least step size at first. (default: ``1e-4``)
        conv_bias: Whether the convolution has a bias. (default: ``True``)
        bias: Whether the maps in and out have one. (default: ``False``)

    Shapes:
        - **x, output:** :math:`(B, L, C)`, or packed :math:`(T, C)`
        - **ptr:** borders of packed sequences :math:`(S + 1)` *(optional)*

    Raises:
        GraphError: If an argument or a shape is wrong.

    Example:
        >>> block = MambaBlock(32)
        >>> block(torch.randn(7, 32), ptr=torch.tensor([0, 3, 3, 7])).shape
        torch.Size([7, 32])
        >>> block.A_log.shape
        torch.Size([64, 16])
    """

    def __init__(
        self,
        channels: int,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 2,
        dt_rank: int | Literal["auto"] = "auto",
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        dt_init: Literal["random", "constant"] = "random",
        dt_scale: float = 1.0,
        dt_init_floor: float = 1e-4,
        conv_bias: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.d_state = checks.check_count(d_state, "d_state", least=1)
        self.d_conv = checks.check_count(d_conv, "d_conv", least=1)
        self.expand = checks.check_count(expand, "expand", least=1)
        self.d_inner = self.expand * self.channels
        self.dt_rank = (math.ceil(channels / 16) if dt_rank == "auto"
                        else checks.check_count(dt_rank, "dt_rank", least=1))
        self.dt_min, self.dt_max = checks.check_range((dt_min, dt_max), "dt_min, dt_max")
        self.dt_init = checks.check_choice(dt_init, "dt_init", ("random", "constant"))
        self.dt_scale = checks.check_positive(dt_scale, "dt_scale")
        self.dt_init_floor = checks.check_positive(dt_init_floor, "dt_init_floor")

        self.in_proj = nn.Linear(channels, 2 * self.d_inner, bias=bias)
        self.conv1d = nn.Conv1d(self.d_inner, self.d_inner, d_conv, groups=self.d_inner,
                                padding=d_conv - 1, bias=conv_bias)
        self.x_proj = nn.Linear(self.d_inner, self.dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, self.d_inner, bias=True)
        self.A_log = nn.Parameter(torch.empty(self.d_inner, d_state))
        self.D = nn.Parameter(torch.empty(self.d_inner))
        self.out_proj = nn.Linear(self.d_inner, channels, bias=bias)
        self._mark()
        self._reset_scan()

    def _mark(self) -> None:
        for fixed in (self.A_log, self.D, self.dt_proj.bias):
            fixed._no_weight_decay = True

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._mark()  # a copy of a parameter lacks the attribute

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        for module in (self.in_proj, self.conv1d, self.x_proj, self.dt_proj, self.out_proj):
            module.reset_parameters()
        self._reset_scan()

    @torch.no_grad()
    def _reset_scan(self) -> None:
        """Step sizes spread over their range, in logarithms; decay rates 1, 2, ..., N."""
        bound = self.dt_rank**-0.5 * self.dt_scale
        if self.dt_init == "constant":
            self.dt_proj.weight.fill_(bound)
        else:
            self.dt_proj.weight.uniform_(-bound, bound)
        low, high = math.log(self.dt_min), math.log(self.dt_max)
        dt = (torch.rand_like(self.dt_proj.bias) * (high - low) + low).exp()
        dt = dt.clamp(min=self.dt_init_floor)
        self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))  # the inverse of softplus
        self.A_log.copy_(torch.arange(1.0, self.d_state + 1, device=dt.device).log()
                         .expand(self.d_inner, -1))
        self.D.fill_(1.0)

    def forward(self, x: Tensor, ptr: Tensor | None = None, reverse: bool = False) -> Tensor:
        """Runs the block along every sequence; ``reverse`` from its end."""
        checks.check_sequence_rows(x, self.channels)
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u = causal_conv(u, self.conv1d.weight.squeeze(1), self.conv1d.bias, reverse=reverse,
                        ptr=ptr, silu=True)
        return self.out_proj(selective_scan(u, *self.scan_arguments(u), z, self.dt_proj.bias, True,
                                            reverse, ptr))

    def allocate_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """States of :meth:`step` before the first row: ``[B, E, w]`` of the convolution and
        ``[B, E, N]`` of the scan.

        Example:
            >>> [tuple(state.shape) for state in MambaBlock(32).allocate_state(5)]
            [(5, 64, 4), (5, 64, 16)]
        """
        checks.check_count(batch_size, "batch_size")
        weight = self.conv1d.weight
        return (weight.new_zeros(batch_size, self.d_inner, self.d_conv),
                weight.new_zeros(batch_size, self.d_inner, self.d_state, dtype=torch.float32))

    def step(
        self, x: Tensor, conv_state: Tensor, ssm_state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Takes one row ``[B, C]`` of each sequence: its output and the states after it.

        Example:
            >>> block, x = MambaBlock(8), torch.randn(2, 3, 8)
            >>> state, rows = block.allocate_state(2), []
            >>> for row in x.unbind(1):
            ...     y, *state = block.step(row, *state)
            ...     rows.append(y)
            >>> torch.allclose(torch.stack(rows, dim=1), block(x), atol=1e-5)
            True
        """
        checks.check_sequence_rows(x, self.channels)
        checks.check_shape(x, "x", ((x.shape[0], self.channels), "one row of each sequence"))
        checks.check_float_tensors({"conv_state": conv_state, "ssm_state": ssm_state})
        for name, state, size in (("conv_state", conv_state, self.d_conv),
                                  ("ssm_state", ssm_state, self.d_state)):
            checks.check_shape(state, name, ((x.shape[0], self.d_inner, size),
                                             "as allocate_state makes them"))
        u, z = self.in_proj(x).chunk(2, dim=-1)
        conv_state = torch.cat([conv_state[..., 1:], u.unsqueeze(-1)], dim=-1)
        u = (conv_state * self.conv1d.weight.squeeze(1)).sum(-1)
        if self.conv1d.bias is not None:
            u = u + self.conv1d.bias
        u = functional.silu(u).unsqueeze(1)  # [B, 1, E]
        y, ssm_state = selective_scan(u, *self.scan_arguments(u), z.unsqueeze(1), self.dt_proj.bias,
                                      True, initial_state=ssm_state, return_last_state=True)
        return self.out_proj(y.squeeze(1)), conv_state, ssm_state

    def scan_arguments(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Step sizes before the softplus, ``A``, ``B``, ``C`` and ``D`` of the scan of ``u``."""
        dt, B, C = self.x_proj(u).split([self.dt_rank, self.d_state, self.d_state], dim=-1)
        rates = self.A_log if self.A_log.dtype == torch.float64 else self.A_log.float()
        return (functional.linear(dt, self.dt_proj.weight), -rates.exp(), B.unsqueeze(-2),
                C.unsqueeze(-2), self.D)

    def extra_repr(self) -> str:
        """What tells it from other blocks."""
        return (f"{self.channels}, d_state={self.d_state}, d_conv={self.d_conv}, "
                f"expand={self.expand}")
