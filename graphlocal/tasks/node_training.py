"""The training of a model on the nodes of a whole graph."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data

from ..graph import checks
from ..graph.checks import GraphTypeError, fail
from .loop import MakeOptimizer
from .metrics import Metric
from .training import SPLITS, MakeScheduler, Training, check_model

logger = logging.getLogger(__name__)

Forward = Callable[[nn.Module, Data], Tensor]


def call_model(model: nn.Module, data: Data) -> Tensor:
    """``model(x, edge_index)``, unless the caller has another way."""
    return model(data.x, data.edge_index)


class NodeData:
    """Labels and splits of a graph, checked once, on the device of the labels.

    Raises:
        GraphError: If labels, masks or edges are missing or do not fit the graph.
    """

    def __init__(self, data: Data, split: int) -> None:
        if not isinstance(data, Data):
            fail("data", type(data).__name__, "a torch_geometric.data.Data",
                 "a data set is a list of graphs: pass dataset[0]", kind=GraphTypeError)
        num_nodes = data.num_nodes
        if not num_nodes:
            fail("data", "a graph without nodes", "at least one node")
        edges = getattr(data, "edge_index", None)
        if isinstance(edges, Tensor) and edges.layout == torch.strided:
            checks.check_edge_index(edges, num_nodes)
        split = checks.check_count(split, "split")
        device = data.y.device if isinstance(data.y, Tensor) else torch.device("cpu")
        labels = checks.check_labels(data.y, num_nodes)
        self.data, self.num_nodes = data, num_nodes
        self.index: dict[str, Tensor] = {}
        self.labels: dict[str, Tensor] = {}
        for name in SPLITS:
            key = f"{name}_mask"
            mask = checks.check_mask(getattr(data, key, None), key, num_nodes, split)
            self.index[name] = torch.from_numpy(mask.nonzero()[0]).to(device)
            self.labels[name] = torch.from_numpy(labels[mask]).to(device)
        for name in SPLITS[1:]:
            shared = int(torch.isin(self.index["train"], self.index[name]).sum())
            if shared:
                logger.warning("%d training nodes are in %s_mask too: its score will flatter",
                               shared, name)
        #: The column used, 0 where there is one split only.
        self.split = split % data.train_mask.shape[1] if data.train_mask.ndim == 2 else 0

    def check_output(self, out: Any, rows: int) -> None:
        """The model gives one row of logits per node and has an output for every label."""
        if not isinstance(out, Tensor) or not out.is_floating_point():
            got = f"{out.dtype} numbers" if isinstance(out, Tensor) else type(out).__name__
            fail("model", f"an output of {got}", "one floating-point tensor",
                 "pass forward= to say how your model is called", kind=GraphTypeError)
        if out.dim() != 2 or out.size(0) != rows or out.size(1) == 0:
            fail("model", f"an output of shape {tuple(out.shape)}",
                 f"shape ({rows}, C): one row of C logits per node")
        for labels in self.labels.values():
            checks.check_label_range(labels.cpu().numpy(), max(2, out.size(1)))


def node_loss(out: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of logits ``[M, C]``; one column is the logit of class 1."""
    if out.size(1) == 1:
        return F.binary_cross_entropy_with_logits(out[:, 0], y.to(out.dtype))
    return F.cross_entropy(out, y)


class NodeTraining(Training):
    """An update of the whole graph an epoch.

    Raises:
        GraphError: If model and data do not go together.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        make_optimizer: MakeOptimizer,
        metric: Metric,
        monitor: str,
        split: int,
        forward: Forward,
        make_scheduler: MakeScheduler | None = None,
        *,
        clip_grad: float | None = None,
    ) -> None:
        self.nodes = NodeData(data, split)
        check_model(model, data.y.device)
        self.model, self.metric, self.forward = model, metric, forward
        model.eval()
        with torch.no_grad():  # also gives lazy layers their parameters
            self.check_forward()
        super().__init__(model, make_optimizer, make_scheduler, monitor=monitor,
                         clip_grad=clip_grad)

    def check_forward(self) -> None:
        """One call of the model, whose output must be what the task needs."""
        self.nodes.check_output(self.forward(self.model, self.nodes.data), self.nodes.num_nodes)

    def update(self) -> float:
        """One step on the loss of the training nodes."""
        nodes = self.nodes
        out = self.forward(self.model, nodes.data)[nodes.index["train"]]
        return self.descend(node_loss(out, nodes.labels["train"]))

    def scores(self) -> dict[str, float]:
        """Score of each split and the loss on validation."""
        nodes = self.nodes
        out = self.forward(self.model, nodes.data)
        parts = {name: (out[nodes.index[name]], nodes.labels[name]) for name in SPLITS}
        # First: metrics take numbers only, and say so in the words of other libraries.
        loss = self.finite("val_loss", float(node_loss(*parts["val"])))
        values = {name: float(self.metric(*part)) for name, part in parts.items()}
        return {"val_loss": loss, **values}
