"""The epochs of a training: their step, their patience, their checkpoint and their bar."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from ..graph.checks import check_count, check_positive, fail
from ..ops import process_rank
from .checkpoint import load_checkpoint, save_checkpoint
from .seed import random_state, restore_random_state

MakeOptimizer = Callable[[nn.Module], Optimizer]
#: Called after every epoch with its number, counted from 1, and its figures.
OnEpoch = Callable[[int, dict[str, float]], None]


class EpochLoop:
    """Model, optimizer, figures so far and best weights; everything a checkpoint must hold.

    A training says in :meth:`step` what an epoch is, and sets :attr:`best_weights` and
    :attr:`best_epoch` where one was better than those before.

    Args:
        model: What is trained; it was called once before, so that lazy layers have parameters.
        make_optimizer: Makes the optimizer of the model.
        monitor: What the best epoch is best in.
        scores: Names of the figures of an epoch in which the model was judged.
        shown: The one of them beside the bar.
        clip_grad: Largest norm of the gradients of a step.

    Raises:
        GraphError: If no parameter can be trained, or the loss stops being finite.
    """

    def __init__(
        self,
        model: nn.Module,
        make_optimizer: MakeOptimizer,
        monitor: str,
        scores: Sequence[str],
        shown: str,
        *,
        clip_grad: float | None = None,
    ) -> None:
        if not any(parameter.requires_grad for parameter in model.parameters()):
            fail("model", "no parameter that can be trained", "at least one",
                 "unfreeze some with requires_grad_()")
        self.model, self.monitor, self.shown, self.clip_grad = model, monitor, shown, clip_grad
        self.optimizer = make_optimizer(model)
        self.judged_by = tuple(scores)
        self.history: dict[str, list[float]] = {
            name: [] for name in ("loss", "seconds", "evaluated", *scores)}
        self.best_weights: dict[str, Tensor] = {}
        self.best_epoch = 0

    def step(self, score: bool = True) -> None:
        """One epoch, with or without scores."""
        raise NotImplementedError

    def descend(self, loss: Tensor) -> float:
        """One step down the gradient of a loss, which is given back as a number."""
        value = self.finite("loss", loss.item())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip_grad is not None:
            for parameters in self.clipped_together():
                nn.utils.clip_grad_norm_(parameters, self.clip_grad)
        self.optimizer.step()
        return value

    def clipped_together(self) -> list[list[nn.Parameter]]:
        """Parameters whose gradients have one norm."""
        return [list(self.model.parameters())]

    def finite(self, name: str, value: float) -> float:
        """The value, which no training can go on without."""
        if not math.isfinite(value):
            fail(name, f"{value} at epoch {self.epoch + 1}", "a finite number",
                 "look for NaN or inf in data.x, lower the learning rate, or set clip_grad")
        return value

    def keep_weights(self) -> None:
        """Those of now are the best so far."""
        self.best_weights = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    @property
    def epoch(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])

    @property
    def judged(self) -> bool:
        """Whether the model was judged after the last epoch."""
        return self.history["evaluated"][-1:] == [self.epoch]

    @property
    def latest(self) -> dict[str, float]:
        """The figures of the last epoch, with scores where it has some."""
        names = ("loss", "seconds", *(self.judged_by if self.judged else ()))
        return {name: self.history[name][-1] for name in names}

    def finished(self, epochs: int, patience: int | None) -> bool:
        """Whether all epochs are done, or an evaluation found no improvement for too long."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= epochs or (patience is not None and self.judged and waited >= patience)

    def settings(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be gone on with."""
        # A scheduler starts from the rates it was given and moves those of the groups.
        groups = [{key: group.get(f"initial_{key}", group[key])
                   for key in ("lr", "weight_decay") if key in group}
                  for group in self.optimizer.param_groups]
        return {"monitor": self.monitor, "clip_grad": self.clip_grad,
                "model": " ".join(repr(self.model).split()),
                "num_params": sum(p.numel() for p in self.model.parameters()),
                "optimizer": type(self.optimizer).__name__, "groups": groups}

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on; a training adds what it has besides."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "history": self.history, "random": random_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over a :meth:`state`."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = {name: list(values) for name, values in state["history"].items()}
        restore_random_state(state["random"])

    def on_device(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights beside those of the model."""
        device = next(self.model.parameters()).device
        return {name: value.to(device) for name, value in weights.items()}

    def load(self, state: dict[str, Any]) -> None:
        """Goes back to a :meth:`state`, so that the next epoch is the one that followed it."""
        try:
            self.restore(state)
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
            if self.epoch == epochs and not self.best_weights:  # of a training that was to go on
                fail("epochs", str(epochs), f"more than the {self.epoch} of {checkpoint}, after "
                     "none of which the model was judged", "remove the file to start anew")
        # Of several processes that train one model, the first alone writes and shows.
        progress = progress and process_rank() == 0
        with tqdm(total=epochs, initial=self.epoch, desc=description or None, unit="epoch",
                  leave=False, file=sys.stderr, disable=None if progress else True) as bar:
            while not self.finished(epochs, patience):
                upcoming = self.epoch + 1
                self.step(score=upcoming % eval_every == 0 or upcoming == epochs)
                if on_epoch is not None:
                    on_epoch(self.epoch, self.latest)
                if self.history[self.shown]:
                    bar.set_postfix({self.shown: f"{self.history[self.shown][-1]:.4f}"},
                                    refresh=False)
                bar.update()
                if checkpoint is not None and process_rank() == 0 and (
                        self.epoch % checkpoint_every == 0 or self.finished(epochs, patience)):
                    save_checkpoint(checkpoint, self.state(), settings)
        self.model.load_state_dict(self.best_weights)
        self.model.eval()


def check_schedule(
    epochs: int, patience: int | None, eval_every: int, checkpoint_every: int
) -> dict[str, Any]:
    """How long to train, and how often to look; arguments of :meth:`EpochLoop.run`."""
    return {
        "epochs": check_count(epochs, "epochs", least=1),
        "patience": None if patience is None else check_count(patience, "patience", least=1),
        "eval_every": check_count(eval_every, "eval_every", least=1),
        "checkpoint_every": check_count(checkpoint_every, "checkpoint_every", least=1),
    }


def check_clip_grad(clip_grad: float | None) -> float | None:
    """The largest norm of the gradients of a step; ``None`` leaves them as they are."""
    return None if clip_grad is None else check_positive(clip_grad, "clip_grad")
