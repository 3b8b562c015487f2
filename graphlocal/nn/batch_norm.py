"""Batch normalisation over the batches of all processes together, on any device."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..ops.collective import joint_sum, num_processes


class JointBatchNorm1d(nn.BatchNorm1d):
    r"""``torch.nn.BatchNorm1d`` whose batch is that of all processes of a data-parallel training.

    .. math::
        \mathbf{y}_i = \gamma \, \frac{\mathbf{x}_i - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    Mean and variance are summed over the processes, so that several of them compute what one would
    with their batches joined, and their running statistics stay equal. ``torch.nn.SyncBatchNorm``
    does this on GPUs only. In one process it is ``BatchNorm1d``, except that a batch of a single
    row, which has no variance, is normalised by the running statistics and changes none, where
    ``BatchNorm1d`` raises.

    Args:
        num_features: Number of channels.
        eps: Added to the variance. Default: ``1e-5``.
        momentum: Weight of a new batch in the running statistics; ``None`` means their average.
            Default: ``0.1``.
        affine: Whether there are weights :math:`\gamma` and :math:`\beta`. Default: ``True``.
        track_running_stats: Whether there are running statistics. Default: ``True``.

    Shapes:
        - **input, output:** :math:`(N, C)`

    Example:
        >>> norm = JointBatchNorm1d(3)
        >>> norm(torch.randn(8, 3)).shape, norm(torch.randn(1, 3)).shape
        (torch.Size([8, 3]), torch.Size([1, 3]))
    """

    def forward(self, input: Tensor) -> Tensor:
        batch_statistics = self.training or self.running_mean is None
        if num_processes() == 1 or not batch_statistics:
            if batch_statistics and input.dim() == 2 and input.size(0) == 1:
                return self._by_running(input)
            return super().forward(input)
        count = joint_sum(input.new_tensor([float(input.size(0))]))
        if float(count) <= 1:
            return self._by_running(input)
        mean = joint_sum(input.sum(dim=0)) / count
        centred = input - mean
        variance = joint_sum(centred.square().sum(dim=0)) / count
        if self.training and self.running_mean is not None:
            self._track(mean.detach(), variance.detach() * (count / (count - 1)))
        out = centred * torch.rsqrt(variance + self.eps)
        return out if self.weight is None else out * self.weight + self.bias

    def _by_running(self, input: Tensor) -> Tensor:
        return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias,
                            False, 0.0, self.eps) if self.running_mean is not None else input

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        weight = self.momentum
        if weight is None:
            weight = 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance, weight)
