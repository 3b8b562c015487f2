"""A training whose epochs are judged by one score of each split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ..graph.checks import GraphTypeError, check_positive, fail
from .loop import EpochLoop, MakeOptimizer

SPLITS = ("train", "val", "test")

MakeScheduler = Callable[[Optimizer], LRScheduler]


class Training(EpochLoop):
    """The epochs of a model of nodes or of graphs.

    A kind of task says in :meth:`update` what an epoch does to the model, and in :meth:`scores`
    how good the model is then.

    Args:
        model: What is trained; it was called once before, so that lazy layers have parameters.
        make_optimizer: Makes the optimizer of the model.
        make_scheduler: Makes a scheduler of the learning rate, stepped once an epoch.
        monitor: ``"metric"`` or ``"loss"``: what the best epoch is best in on validation.
        maximize: Whether a larger score is better.
        clip_grad: Largest norm of the gradients of a step.

    Raises:
        GraphError: If no parameter can be trained, or the loss or a score stops being finite.
    """

    def __init__(
        self,
        model: nn.Module,
        make_optimizer: MakeOptimizer,
        make_scheduler: MakeScheduler | None = None,
        *,
        monitor: str = "metric",
        maximize: bool = True,
        clip_grad: float | None = None,
    ) -> None:
        super().__init__(model, make_optimizer, monitor, ("val_loss", *SPLITS), "val",
                         clip_grad=clip_grad)
        self.maximize = maximize
        self.scheduler = None if make_scheduler is None else make_scheduler(self.optimizer)
        self.best_scores: dict[str, float] = {}

    def update(self) -> float:
        """What an epoch does to the model; the loss it had."""
        raise NotImplementedError

    def scores(self) -> dict[str, float]:
        """Score of each split and the loss on validation, without dropout."""
        raise NotImplementedError

    def step(self, score: bool = True) -> None:
        """One epoch, with or without scores."""
        start = time.perf_counter()
        self.model.train()
        loss = self.finite("loss", self.update())
        if self.scheduler is not None:
            self.scheduler.step()
        scores = self._score() if score else {}
        self.history["loss"].append(loss)
        if score:
            self.history["evaluated"].append(self.epoch)
            for name, value in scores.items():
                self.history[name].append(value)
            if not self.best_scores or self.key(scores) > self.key(self.best_scores):
                self.best_epoch, self.best_scores = self.epoch, scores
                self.keep_weights()
        self.history["seconds"].append(time.perf_counter() - start)

    def _score(self) -> dict[str, float]:
        self.model.eval()
        with torch.no_grad():
            scores = self.scores()
        self.finite("val_loss", scores["val_loss"])
        if math.isnan(scores["val"]):
            fail("metric", f"nan for the validation split at epoch {self.epoch + 1}", "a number",
                 "the best epoch is the one in which it is best")
        return scores

    def key(self, scores: Mapping[str, float]) -> tuple[float, float]:
        """What the best epoch is largest in; ties on a few validation nodes are common."""
        score, loss = scores["val"] if self.maximize else -scores["val"], -scores["val_loss"]
        return (loss, score) if self.monitor == "loss" else (score, loss)

    def settings(self) -> dict[str, Any]:
        """Those of every training, and the kind of scheduler."""
        scheduler = {} if self.scheduler is None else {"scheduler": type(self.scheduler).__name__}
        return {**super().settings(), **scheduler}

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        scheduler = None if self.scheduler is None else self.scheduler.state_dict()
        return {**super().state(), "scheduler": scheduler, "best": self.best_weights,
                "best_epoch": self.best_epoch, "best_scores": self.best_scores}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over a :meth:`state`."""
        super().restore(state)
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.best_weights = self.on_device(state["best"])
        self.best_epoch, self.best_scores = state["best_epoch"], dict(state["best_scores"])


def check_model(model: Any, device: torch.device) -> nn.Module:
    """A module whose parameters are where the data are."""
    if not isinstance(model, nn.Module):
        fail("model", type(model).__name__, "a torch.nn.Module", kind=GraphTypeError)
    for parameter in model.parameters():
        if not isinstance(parameter, UninitializedParameter):
            if parameter.device != device:
                fail("data", f"tensors on {device}", f"the model's {parameter.device}",
                     "move both with .to(device)")
            break
    return model


def make_adam(lr: float, weight_decay: float) -> MakeOptimizer:
    """Adam with checked settings."""
    rate = check_positive(lr, "lr")
    decay = check_positive(weight_decay, "weight_decay", zero=True)

    def make(model: nn.Module) -> Optimizer:
        return torch.optim.Adam(model.parameters(), lr=rate, weight_decay=decay)

    return make
