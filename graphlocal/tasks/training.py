"""One full-batch training as an object: its checks, its epoch, its state."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.optim import Optimizer
from torch_geometric.data import Data

from ..graph import checks
from ..graph.checks import GraphTypeError, fail
from .metrics import Metric
from .seed import random_state, restore_random_state

logger = logging.getLogger(__name__)

Forward = Callable[[nn.Module, Data], Tensor]
SPLITS = ("train", "val", "test")
SERIES = ("loss", "val_loss", *SPLITS, "seconds")


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

    def check_output(self, out: Any) -> None:
        """The model gives one row of logits per node and has an output for every label."""
        if not isinstance(out, Tensor) or not out.is_floating_point():
            got = f"{out.dtype} numbers" if isinstance(out, Tensor) else type(out).__name__
            fail("model", f"an output of {got}", "one floating-point tensor",
                 "pass forward= to say how your model is called", kind=GraphTypeError)
        if out.dim() != 2 or out.size(0) != self.num_nodes or out.size(1) == 0:
            fail("model", f"an output of shape {tuple(out.shape)}",
                 f"shape ({self.num_nodes}, C): one row of C logits per node")
        for labels in self.labels.values():
            checks.check_label_range(labels.cpu().numpy(), max(2, out.size(1)))


def node_loss(out: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of logits ``[M, C]``; one column is the logit of class 1."""
    if out.size(1) == 1:
        return F.binary_cross_entropy_with_logits(out[:, 0], y.to(out.dtype))
    return F.cross_entropy(out, y)


class NodeTraining:
    """Model, optimizer, scores so far and best weights; everything a checkpoint must hold.

    Raises:
        GraphError: If model and data do not go together, or the loss stops being finite.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        make_optimizer: Callable[[nn.Module], Optimizer],
        metric: Metric,
        monitor: str,
        split: int,
        forward: Forward,
    ) -> None:
        self.nodes = NodeData(data, split)
        if not isinstance(model, nn.Module):
            fail("model", type(model).__name__, "a torch.nn.Module", kind=GraphTypeError)
        for parameter in model.parameters():
            if not isinstance(parameter, UninitializedParameter):
                if parameter.device != data.y.device:
                    fail("data", f"tensors on {data.y.device}", f"the model's {parameter.device}",
                         "move both with .to(device)")
                break
        self.model, self.metric, self.monitor, self.forward = model, metric, monitor, forward
        model.eval()
        with torch.no_grad():  # also gives lazy layers their parameters
            self.nodes.check_output(forward(model, data))
        if not any(parameter.requires_grad for parameter in model.parameters()):
            fail("model", "no parameter that can be trained", "at least one",
                 "unfreeze some with requires_grad_()")
        self.optimizer = make_optimizer(model)
        self.history: dict[str, list[float]] = {name: [] for name in SERIES}
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0

    @property
    def epoch(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])

    def step(self) -> None:
        """One epoch: an update on the training nodes, then the scores of all splits."""
        start = time.perf_counter()
        nodes = self.nodes
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        out = self.forward(self.model, nodes.data)[nodes.index["train"]]
        loss = node_loss(out, nodes.labels["train"])
        value = self._finite("loss", loss.item())
        loss.backward()
        self.optimizer.step()
        scores = {"loss": value, **self.scores()}
        self._finite("val_loss", scores["val_loss"])
        if math.isnan(scores["val"]):
            fail("metric", f"nan for the validation nodes at epoch {self.epoch + 1}", "a number",
                 "the best epoch is the one in which it is largest")
        scores["seconds"] = time.perf_counter() - start
        for name in SERIES:
            self.history[name].append(scores[name])
        if self.best_epoch == 0 or self._key(self.epoch) > self._key(self.best_epoch):
            self.best_epoch = self.epoch
            self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    @torch.no_grad()
    def scores(self) -> dict[str, float]:
        """Score of each split and the loss on validation, without dropout."""
        self.model.eval()
        nodes = self.nodes
        out = self.forward(self.model, nodes.data)
        parts = {name: (out[nodes.index[name]], nodes.labels[name]) for name in SPLITS}
        values = {name: float(self.metric(*part)) for name, part in parts.items()}
        return {"val_loss": float(node_loss(*parts["val"])), **values}

    def _finite(self, name: str, value: float) -> float:
        if not math.isfinite(value):
            fail(name, f"{value} at epoch {self.epoch + 1}", "a finite number",
                 "look for NaN or inf in data.x, or lower the learning rate")
        return value

    def _key(self, epoch: int) -> tuple[float, float]:
        """What the best epoch is largest in; ties on a few validation nodes are common."""
        score, loss = self.history["val"][epoch - 1], -self.history["val_loss"][epoch - 1]
        return (loss, score) if self.monitor == "loss" else (score, loss)

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "best": self.best, "best_epoch": self.best_epoch, "history": self.history,
                "random": random_state()}

    def load(self, state: dict[str, Any]) -> None:
        """Goes back to a :meth:`state`, so that the next epoch is the one that followed it."""
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.best = {k: v.to(self.nodes.data.y.device) for k, v in state["best"].items()}
            self.best_epoch = state["best_epoch"]
            self.history = {name: list(values) for name, values in state["history"].items()}
            restore_random_state(state["random"])
        except (RuntimeError, ValueError, KeyError) as error:
            fail("checkpoint", f"the state of another model ({error})", "the same model",
                 "remove the file to start anew")
