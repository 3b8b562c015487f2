"""The training of a model on batches of a graph's nodes, in one process or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch_geometric.data import Data

from ..graph.checks import fail
from ..ops import joint_sum, num_processes, process_rank
from .loop import MakeOptimizer
from .metrics import Metric
from .node_training import NodeTraining, node_loss
from .training import SPLITS, MakeScheduler

#: Logits ``[M, C]`` of nodes ``[M]``; the epoch is 0 where the model is judged.
BatchForward = Callable[[nn.Module, Data, Tensor, int], Tensor]


class NodeBatchTraining(NodeTraining):
    """An update for every batch of training nodes.

    With ``torch.distributed`` running, the processes share out each batch among themselves and
    average gradients, so that a step is that of one process with the whole batch; the nodes the
    model is judged on are shared out as well, and every process has all scores.

    Raises:
        GraphError: If model and data do not go together, or a batch has fewer nodes than there are
            processes.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        make_optimizer: MakeOptimizer,
        metric: Metric,
        monitor: str,
        split: int,
        forward: BatchForward,
        make_scheduler: MakeScheduler | None = None,
        *,
        batch_size: int,
        eval_batch_size: int,
        clip_grad: float | None = None,
    ) -> None:
        self.batch_size, self.eval_batch_size = batch_size, eval_batch_size
        super().__init__(model, data, make_optimizer, metric, monitor, split, forward,
                         make_scheduler, clip_grad=clip_grad)
        count = self.nodes.index["train"].numel()
        if min(batch_size, count) < num_processes():
            fail("batch_size", f"{batch_size} of {count} training nodes",
                 f"at least {num_processes()}, one for each process")
        # One source for all processes, whatever each draws for dropout.
        seed = torch.zeros(1, dtype=torch.long, device=data.y.device)
        if process_rank() == 0:
            seed += torch.randint(2**31, (1,)).to(seed)
        self.seed = int(joint_sum(seed))
        self.replica: nn.Module = model
        if num_processes() > 1:
            # Buffers are moved by joint sums: what one process broadcasts would undo nothing.
            self.replica = DistributedDataParallel(model, broadcast_buffers=False)

    def check_forward(self) -> None:
        """One call with the first nodes, which also gives lazy layers their parameters."""
        index = self.nodes.index["train"][: max(1, min(2, self.eval_batch_size))]
        self.nodes.check_output(self.forward(self.model, self.nodes.data, index, 0), len(index))

    def update(self) -> float:
        """One step on every batch; the mean loss of the training nodes."""
        epoch = self.epoch + 1
        processes, rank = num_processes(), process_rank()
        if processes > 1:  # dropout of its own in each, and the same again after a checkpoint
            torch.manual_seed(self.seed + 7919 * epoch + rank)
        total = torch.zeros((), dtype=torch.float64, device=self.nodes.labels["train"].device)
        for batch in self._batches(epoch):
            own = batch.tensor_split(processes)[rank]
            index, labels = self.nodes.index["train"][own], self.nodes.labels["train"][own]
            out = self.forward(self.replica, self.nodes.data, index, epoch)
            # The mean over the joint batch, times the processes gradients are averaged over.
            loss = node_loss(out, labels) * (len(own) * processes / len(batch))
            total += self.descend(loss) * len(batch) / processes
        return float(joint_sum(total)) / self.nodes.index["train"].numel()

    def _batches(self, epoch: int) -> Iterator[Tensor]:
        """Places of the training nodes in an order of the epoch's own. A rest too small for a
        variance, or to be shared out, goes with the last batch."""
        count = self.nodes.index["train"].numel()
        generator = torch.Generator().manual_seed(self.seed + 7919 * epoch)
        order = torch.randperm(count, generator=generator)
        borders = list(range(0, count, self.batch_size))[1:]
        if borders and count - borders[-1] < max(2, num_processes()):
            borders.pop()
        return iter(order.tensor_split(borders))

    def scores(self) -> dict[str, float]:
        """Scores of training and validation; of the test nodes where the epoch may be the best."""
        outs = {name: self._logits(self.nodes.index[name]) for name in SPLITS[:2]}
        loss = self.finite("val_loss", float(node_loss(outs["val"], self.nodes.labels["val"])))
        found = {name: float(self.metric(out, self.nodes.labels[name]))
                 for name, out in outs.items()}
        found["val_loss"] = loss
        found["test"] = float("nan")
        if not self.best_scores or self.key(found) > self.key(self.best_scores):
            out = self._logits(self.nodes.index["test"])
            found["test"] = float(self.metric(out, self.nodes.labels["test"]))
        return found

    def _logits(self, index: Tensor) -> Tensor:
        """Logits of nodes, each computed by one of the processes."""
        outs: Tensor | None = None
        share = torch.arange(len(index)).tensor_split(num_processes())[process_rank()]
        for places in share.split(min(self.eval_batch_size, len(index))):
            out = self.forward(self.model, self.nodes.data, index[places], 0)
            if outs is None:
                outs = out.new_zeros(len(index), out.size(1))
            outs[places] = out
        if outs is None:
            columns = self.forward(self.model, self.nodes.data, index[:1], 0)
            outs = columns.new_zeros(len(index), columns.size(1))
        return joint_sum(outs)

    def settings(self) -> dict[str, Any]:
        """Those of every training, and the size of a batch."""
        return {**super().settings(), "batch_size": self.batch_size, "processes": num_processes()}

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        return {**super().state(), "order": self.seed}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over a :meth:`state`."""
        super().restore(state)
        self.seed = int(state["order"])
