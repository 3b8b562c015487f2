"""One training as an object: its epoch, its scores so far, its best weights, its state."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm

from ..graph.checks import GraphTypeError, check_count, check_positive, fail
from ..ops import process_rank
from .checkpoint import load_checkpoint, save_checkpoint
from .seed import random_state, restore_random_state

SPLITS = ("train", "val", "test")

MakeOptimizer = Callable[[nn.Module], Optimizer]
MakeScheduler = Callable[[Optimizer], LRScheduler]
#: Called after every epoch with its number, counted from 1, and its figures.
OnEpoch = Callable[[int, dict[str, float]], None]


class Training:
    """Model, optimizer, scores so far and best weights; everything a checkpoint must hold.

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
        if not any(parameter.requires_grad for parameter in model.parameters()):
            fail("model", "no parameter that can be trained", "at least one",
                 "unfreeze some with requires_grad_()")
        self.model, self.monitor, self.maximize = model, monitor, maximize
        self.clip_grad = clip_grad
        self.optimizer = make_optimizer(model)
        self.scheduler = None if make_scheduler is None else make_scheduler(self.optimizer)
        self.history: dict[str, list[float]] = {
            name: [] for name in ("loss", "seconds", "evaluated", "val_loss", *SPLITS)}
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0
        self.best_scores: dict[str, float] = {}

    def update(self) -> float:
        """What an epoch does to the model; the loss it had."""
        raise NotImplementedError

    def scores(self) -> dict[str, float]:
        """Score of each split and the loss on validation, without dropout."""
        raise NotImplementedError

    def descend(self, loss: Tensor) -> float:
        """One step down the gradient of a loss, which is given back as a number."""
        value = self.finite("loss", loss.item())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip_grad is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_grad)
        self.optimizer.step()
        return value

    @property
    def epoch(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])

    @property
    def latest(self) -> dict[str, float]:
        """The figures of the last epoch, with scores where it has some."""
        judged = self.history["evaluated"][-1:] == [self.epoch]
        return {name: values[-1] for name, values in self.history.items()
                if name in ("loss", "seconds") or (judged and name != "evaluated")}

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
                self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
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

    def finite(self, name: str, value: float) -> float:
        """The value, which no training can go on without."""
        if not math.isfinite(value):
            fail(name, f"{value} at epoch {self.epoch + 1}", "a finite number",
                 "look for NaN or inf in data.x, lower the learning rate, or set clip_grad")
        return value

    def key(self, scores: Mapping[str, float]) -> tuple[float, float]:
        """What the best epoch is largest in; ties on a few validation nodes are common."""
        score, loss = scores["val"] if self.maximize else -scores["val"], -scores["val_loss"]
        return (loss, score) if self.monitor == "loss" else (score, loss)

    def finished(self, epochs: int, patience: int | None) -> bool:
        """Whether all epochs are done, or an evaluation found no improvement for too long."""
        judged = self.history["evaluated"][-1:] == [self.epoch]
        waited = self.epoch - self.best_epoch
        return self.epoch >= epochs or (patience is not None and judged and waited >= patience)

    def settings(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be gone on with."""
        # A scheduler starts from the rates it was given and moves those of the groups.
        groups = [{key: group.get(f"initial_{key}", group[key])
                   for key in ("lr", "weight_decay") if key in group}
                  for group in self.optimizer.param_groups]
        scheduler = {} if self.scheduler is None else {"scheduler": type(self.scheduler).__name__}
        return {"monitor": self.monitor, "clip_grad": self.clip_grad,
                "model": " ".join(repr(self.model).split()),
                "num_params": sum(p.numel() for p in self.model.parameters()),
                "optimizer": type(self.optimizer).__name__, "groups": groups, **scheduler}

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        scheduler = None if self.scheduler is None else self.scheduler.state_dict()
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "scheduler": scheduler, "best": self.best, "best_epoch": self.best_epoch,
                "best_scores": self.best_scores, "history": self.history,
                "random": random_state()}

    def load(self, state: dict[str, Any]) -> None:
        """Goes back to a :meth:`state`, so that the next epoch is the one that followed it."""
        try:
            device = next(self.model.parameters()).device
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.scheduler is not None:
                self.scheduler.load_state_dict(state["scheduler"])
            self.best = {k: v.to(device) for k, v in state["best"].items()}
            self.best_epoch, self.best_scores = state["best_epoch"], dict(state["best_scores"])
            self.history = {name: list(values) for name, values in state["history"].items()}
            restore_random_state(state["random"])
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            fail("checkpoint", f"the state of another model ({error})", "the same model",
                 "remove the file to start anew")

    def run(
        self,
        *,
        epochs: int,
        patience: int | None,
        eval_every: int,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_every: int,
        settings: Mapping[str, Any],
        on_epoch: OnEpoch | None,
        progress: bool,
        description: str,
    ) -> None:
        """Trains until it is finished, from a checkpoint where there is one; leaves the model with
        its best weights."""
        if checkpoint is not None and Path(checkpoint).exists():
            self.load(load_checkpoint(checkpoint, settings))
            if self.epoch > epochs:
                fail("epochs", str(epochs), f"at least the {self.epoch} of {checkpoint}",
                     "remove the file to start anew")
        # Of several processes that train one model, the first alone writes and shows.
        progress = progress and process_rank() == 0
        with tqdm(total=epochs, initial=self.epoch, desc=description or None, unit="epoch",
                  leave=False, file=sys.stderr, disable=None if progress else True) as bar:
            while not self.finished(epochs, patience):
                upcoming = self.epoch + 1
                self.step(score=upcoming % eval_every == 0 or upcoming == epochs)
                if on_epoch is not None:
                    on_epoch(self.epoch, self.latest)
                if self.history["val"]:
                    bar.set_postfix(val=f"{self.history['val'][-1]:.4f}", refresh=False)
                bar.update()
                if checkpoint is not None and process_rank() == 0 and (
                        self.epoch % checkpoint_every == 0 or self.finished(epochs, patience)):
                    save_checkpoint(checkpoint, self.state(), settings)
        self.model.load_state_dict(self.best)
        self.model.eval()


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


def check_schedule(
    epochs: int, patience: int | None, eval_every: int, checkpoint_every: int
) -> dict[str, Any]:
    """How long to train, and how often to look; arguments of :meth:`Training.run`."""
    return {
        "epochs": check_count(epochs, "epochs", least=1),
        "patience": None if patience is None else check_count(patience, "patience", least=1),
        "eval_every": check_count(eval_every, "eval_every", least=1),
        "checkpoint_every": check_count(checkpoint_every, "checkpoint_every", least=1),
    }


def check_clip_grad(clip_grad: float | None) -> float | None:
    """The largest norm of the gradients of a step; ``None`` leaves them as they are."""
    return None if clip_grad is None else check_positive(clip_grad, "clip_grad")


def make_adam(lr: float, weight_decay: float) -> MakeOptimizer:
    """Adam with checked settings."""
    rate = check_positive(lr, "lr")
    decay = check_positive(weight_decay, "weight_decay", zero=True)

    def make(model: nn.Module) -> Optimizer:
        return torch.optim.Adam(model.parameters(), lr=rate, weight_decay=decay)

    return make
