"""One training of a link predictor as an object: its checks, its epoch, its state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data

from ...graph.checks import GraphTypeError, fail
from ...loader import LinkLoader
from ..loop import EpochLoop, MakeOptimizer
from .data import LinkData
from .metrics import LinkMetric
from .result import Best
from .scoring import evaluate


def link_loss(logit: Tensor, label: Tensor) -> Tensor:
    r"""Mean of :math:`-\log \sigma(z)` over positives plus mean of :math:`-\log \sigma(-z)` over
    negatives.

    Example:
        >>> round(link_loss(torch.zeros(4), torch.tensor([1.0, 1.0, 1.0, 0.0])).item(), 4)
        1.3863
    """
    positive = label > 0.5
    loss = -F.logsigmoid(logit[positive]).mean()
    if not bool(positive.all()):
        loss = loss - F.logsigmoid(-logit[~positive]).mean()
    return loss


class LinkTraining(EpochLoop):
    """The epochs of a link predictor, judged by any number of metrics.

    Raises:
        GraphError: If model and data do not go together, or the loss stops being finite.
    """

    def __init__(
        self,
        model: nn.Module,
        data: LinkData,
        make_loader: Callable[[], LinkLoader],
        make_optimizer: MakeOptimizer,
        metrics: dict[str, LinkMetric],
        monitor: str,
        *,
        hide_targets: bool = True,
        freeze_encoder: bool = False,
        val_edges_as_input: bool = False,
        clip_grad: float | None = None,
        eval_batch_size: int = 65536,
    ) -> None:
        if not isinstance(model, nn.Module):
            fail("model", type(model).__name__, "a torch.nn.Module", kind=GraphTypeError)
        for name in ("encode", "decode"):
            if not callable(getattr(model, name, None)):
                fail("model", f"{type(model).__name__}, which has no '{name}'",
                     "encode(x, edge_index, exclude) and decode(h, edge_index, pairs, exclude)",
                     "LinkModel(encoder, predictor) makes such a model of two parts",
                     kind=GraphTypeError)
        self.model, self.data, self.metrics = model, data, metrics
        self.hide_targets, self.freeze_encoder = hide_targets, freeze_encoder
        self.val_edges_as_input, self.eval_batch_size = val_edges_as_input, eval_batch_size
        self.loader = make_loader()
        self._check_output()
        super().__init__(model, make_optimizer, monitor, tuple(metrics), monitor,
                         clip_grad=clip_grad)
        self.history["evaluation_seconds"] = []
        self.best: dict[str, Best] = {}
        self.scores: dict[str, dict[str, float]] = {}

    @torch.no_grad()
    def _check_output(self) -> None:
        """One call, which also gives lazy layers their parameters."""
        self.model.eval()
        pairs = self.data.val[:, :2]
        out = self.model.decode(self.model.encode(self.data.x, self.data.edge_index),
                                self.data.edge_index, pairs)
        if not isinstance(out, Tensor) or not out.is_floating_point() or (
                out.numel() != pairs.size(1)):
            got = (f"{out.dtype} of shape {tuple(out.shape)}" if isinstance(out, Tensor)
                   else type(out).__name__)
            fail("model", f"scores: {got}", f"one logit for each of {pairs.size(1)} pairs",
                 kind=GraphTypeError)

    def step(self, score: bool = True) -> None:
        """One epoch: an update for every batch, then validation where it is its turn."""
        start = time.perf_counter()
        self.model.train()
        total, count = 0.0, 0
        for batch in self.loader:
            loss = self._update(batch)
            size = batch.edge_label.numel()
            total, count = total + loss * size, count + size
        self.history["loss"].append(total / count)
        self.history["seconds"].append(time.perf_counter() - start)
        if score:
            self._validate()

    def _update(self, batch: Data) -> float:
        return self.descend(link_loss(self._logits(batch), batch.edge_label))

    def clipped_together(self) -> list[list[nn.Parameter]]:
        """Encoder and predictor apart, so that the steep one does not slow the other down."""
        return [group["params"] for group in self.optimizer.param_groups]

    def _logits(self, batch: Data) -> Tensor:
        """Scores of positives and negatives in one call, on the graph without the positives."""
        pairs, x = batch.edge_label_index, batch.x
        if x is None and "n_id" in batch:
            x = batch.n_id  # whoever has an embedding for each node must be told which these are
        exclude = None
        if self.hide_targets:
            exclude = pairs[:, batch.edge_label > 0.5]
        if self.freeze_encoder:
            with torch.no_grad():
                h = self.model.encode(x, batch.edge_index, exclude=exclude)
            return self.model.decode(h, batch.edge_index, pairs, exclude=exclude).reshape(-1)
        return self.model(x, batch.edge_index, pairs, exclude=exclude).reshape(-1)

    def _validate(self) -> None:
        start = time.perf_counter()
        val = self._evaluate("val")
        better = [name for name in self.metrics
                  if name not in self.best or val[name] > self.best[name].val]
        for name in self.metrics:
            if math.isnan(val[name]):
                fail("metrics", f"nan for {name!r} at epoch {self.epoch}", "a number")
        if better:  # the test edges are looked at only where the result can be reported
            test = self._evaluate("test")
            for name in better:
                self.best[name] = Best(self.epoch, val[name], test[name])
            if self.monitor in better:
                self.best_epoch, self.scores = self.epoch, {"val": val, "test": test}
                self.keep_weights()
        self.history["evaluated"].append(self.epoch)
        self.history["evaluation_seconds"].append(time.perf_counter() - start)
        for name in self.metrics:
            self.history[name].append(val[name])

    def _evaluate(self, part: str) -> dict[str, float]:
        return evaluate(self.model, self.data, part, self.metrics,
                        batch_size=self.eval_batch_size,
                        val_edges_as_input=self.val_edges_as_input)

    def _generators(self) -> list[torch.Generator]:
        """Sources of randomness that parts of the model have to themselves."""
        own = (getattr(module, "generator", None) for module in self.model.modules())
        return [generator for generator in own if isinstance(generator, torch.Generator)]

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        return {**super().state(), "weights": self.best_weights, "scores": self.scores,
                "best": {name: list(best) for name, best in self.best.items()},
                "generators": [generator.get_state() for generator in self._generators()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over a :meth:`state`."""
        super().restore(state)
        self.best_weights, self.scores = self.on_device(state["weights"]), state["scores"]
        self.best = {name: Best(*values) for name, values in state["best"].items()}
        self.best_epoch = self.best[self.monitor].epoch if self.best else 0
        for generator, value in zip(self._generators(), state["generators"], strict=True):
            generator.set_state(value.cpu())
