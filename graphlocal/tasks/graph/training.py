"""One training on mini-batches of graphs as an object: its checks, its epoch, its scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from ...graph.checks import GraphTypeError, check_choice, check_count, fail
from ..loop import MakeOptimizer
from ..training import SPLITS, MakeScheduler, Training, check_model
from .data import GraphData, Task
from .metrics import USUAL, GraphMetric, get_graph_metric

#: How a model is called on a batch of graphs.
GraphForward = Callable[[nn.Module, Batch], Tensor]


def call_model(model: nn.Module, batch: Batch) -> Tensor:
    """``model(x, edge_index, batch=batch)``, with ``edge_attr`` where graph and model have one."""
    extra = {}
    if batch.edge_attr is not None and "edge_attr" in inspect.signature(model.forward).parameters:
        extra["edge_attr"] = batch.edge_attr
    return model(batch.x, batch.edge_index, batch=batch.batch, **extra)


def graph_loss(out: Tensor, y: Tensor, task: Task) -> Tensor:
    """Cross-entropy of classes or questions, squared error of numbers; ``nan`` does not count.

    Args:
        out: Outputs of the model.
        y: Labels.
        task: As of :class:`GraphData`.

    Shapes:
        - **out:** :math:`(G, T)`
        - **y:** :math:`(G)` of classes, otherwise :math:`(G, T)`

    Example:
        >>> y = torch.tensor([[1.0, torch.nan], [3.0, 4.0]])
        >>> graph_loss(torch.tensor([[1.0, 9.0], [3.0, 7.0]]), y, "regression")
        tensor(3.)
    """
    if task == "classes":
        return F.cross_entropy(out, y)
    known = ~y.isnan()
    out, y = out[known], y[known].to(out.dtype)
    if out.numel() == 0:  # a batch of unknown labels teaches nothing, and must not be nan
        return out.sum()
    return F.binary_cross_entropy_with_logits(out, y) if task == "binary" else F.mse_loss(out, y)


def batch_labels(batch: Batch, task: Task) -> Tensor:
    """Labels of a batch in the form of its task: classes ``[G]``, otherwise ``[G, T]``."""
    y = torch.as_tensor(batch.y).reshape(batch.num_graphs, -1)
    if task == "classes":
        return y[:, 0].long()
    return y if y.dtype == torch.float64 else y.float()


@torch.no_grad()
def predict(
    model: nn.Module,
    graphs: Sequence[Data],
    *,
    batch_size: int = 256,
    forward: GraphForward | None = None,
) -> Tensor:
    """Outputs for graphs, in their order, without dropout.

    Args:
        model: Gives one row per graph.
        graphs: A list of graphs or a data set.
        batch_size: Graphs at once.
        forward: How the model is called on a batch; ``None`` means as in :func:`fit`.

    Shapes:
        - **output:** :math:`(G, T)`, on the CPU

    Raises:
        GraphError: If the model gives anything but one row per graph.

    Example:
        >>> class Mean(nn.Module):
        ...     def forward(self, x, edge_index, batch):
        ...         return torch.zeros(int(batch.max()) + 1, 1).index_add(0, batch, x)
        >>> graph = Data(x=torch.ones(2, 1), edge_index=torch.tensor([[0], [1]]))
        >>> predict(Mean(), [graph, graph])
        tensor([[2.],
                [2.]])
    """
    was_training, call = model.training, forward or call_model
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    model.eval()
    outputs = []
    # A generator of its own: loaders draw from torch's otherwise, and scores would change training.
    for batch in DataLoader(graphs, check_count(batch_size, "batch_size", least=1),
                            generator=torch.Generator()):
        out = call(model, batch.to(device))
        _check_output(out, batch.num_graphs)
        outputs.append(out.cpu())
    model.train(was_training)
    return torch.cat(outputs)


def evaluate(
    model: nn.Module,
    data: GraphData,
    part: str = "test",
    metric: str | GraphMetric | None = None,
    *,
    batch_size: int = 256,
    forward: GraphForward | None = None,
) -> float:
    """Score of a model on one split.

    Args:
        model: Gives one row per graph.
        data: The graphs.
        part: ``"train"``, ``"val"`` or ``"test"``.
        metric: As for :func:`fit`.
        batch_size: Graphs at once.
        forward: As for :func:`fit`.

    Raises:
        GraphError: As :func:`fit`.

    Example:
        >>> graphs = [Data(x=torch.ones(2, 1), edge_index=torch.tensor([[0], [1]]), y=0.0)] * 3
        >>> data = GraphData(graphs[:1], graphs[1:2], graphs[2:])
        >>> evaluate(nn.Linear(1, 1), data, forward=lambda model, batch: torch.ones(1, 1))
        1.0
    """
    check_choice(part, "part", SPLITS)
    _, function, _ = get_graph_metric(USUAL[data.task] if metric is None else metric)
    out = predict(model, getattr(data, part), batch_size=batch_size, forward=forward)
    return float(function(out, data.labels[part]))


class GraphTraining(Training):
    """An update for every batch of graphs.

    Raises:
        GraphError: If model and data do not go together.
    """

    def __init__(
        self,
        model: nn.Module,
        data: GraphData,
        make_optimizer: MakeOptimizer,
        metric: GraphMetric,
        monitor: str,
        maximize: bool,
        forward: GraphForward,
        make_scheduler: MakeScheduler | None = None,
        *,
        batch_size: int = 32,
        eval_batch_size: int = 256,
        clip_grad: float | None = None,
        device: torch.device | None = None,
        num_workers: int = 0,
    ) -> None:
        self.data, self.metric, self.forward = data, metric, forward
        self.eval_batch_size, self.device = eval_batch_size, device or torch.device("cpu")
        size = min(batch_size, len(data.train))
        # A single graph left over for the last batch sits an epoch out, for a batch norm can do
        # nothing with one row; another order brings it back.
        self.loader = DataLoader(data.train, size, shuffle=True, num_workers=num_workers,
                                 drop_last=size > 1 and len(data.train) % size == 1)
        check_model(model, self.device)
        model.eval()
        with torch.no_grad():  # also gives lazy layers their parameters
            batch = Batch.from_data_list(data.train[:2]).to(self.device)
            _check_output(forward(model, batch), batch.num_graphs, data)
        super().__init__(model, make_optimizer, make_scheduler, monitor=monitor,
                         maximize=maximize, clip_grad=clip_grad)

    def update(self) -> float:
        """A step for every batch; the mean of their losses over the graphs."""
        total, count = 0.0, 0
        for batch in self.loader:
            batch = batch.to(self.device)
            out = self.forward(self.model, batch)
            loss = graph_loss(out, batch_labels(batch, self.data.task), self.data.task)
            total += self.descend(loss) * batch.num_graphs
            count += batch.num_graphs
        return total / count

    def scores(self) -> dict[str, float]:
        """Score of each split and the loss on validation."""
        outputs = {part: predict(self.model, getattr(self.data, part),
                                 batch_size=self.eval_batch_size, forward=self.forward)
                   for part in SPLITS}
        values = {part: float(self.metric(out, self.data.labels[part]))
                  for part, out in outputs.items()}
        loss = graph_loss(outputs["val"], self.data.labels["val"], self.data.task)
        return {"val_loss": float(loss), **values}


def _check_output(out: Any, num_graphs: int, data: GraphData | None = None) -> None:
    if not isinstance(out, Tensor) or not out.is_floating_point():
        got = f"{out.dtype} numbers" if isinstance(out, Tensor) else type(out).__name__
        fail("model", f"an output of {got}", "one floating-point tensor",
             "pass forward= to say how your model is called", kind=GraphTypeError)
    columns = None if data is None else data.out_channels
    if out.dim() != 2 or out.size(0) != num_graphs or (
            out.size(1) < columns if data is not None and data.task == "classes"
            else out.size(1) != (columns or out.size(1))):
        fail("model", f"an output of shape {tuple(out.shape)}",
             f"shape ({num_graphs}, {columns or 'T'}): one row per graph",
             "a model of nodes needs a readout over the batch vector")
