"""Node classification, on a whole graph at once or in batches of its nodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import nn
from torch_geometric.data import Data

from ..graph.checks import GraphTypeError, check_choice, check_count, fail
from .checkpoint import checksum
from .log import JsonLines
from .loop import MakeOptimizer, OnEpoch, check_clip_grad, check_schedule
from .metrics import Metric, get_metric
from .node_batches import BatchForward, NodeBatchTraining
from .node_training import Forward, NodeTraining, call_model
from .result import FitResult, RunResult
from .runs import run_seeds
from .seed import set_seed
from .training import MakeScheduler, make_adam

__all__ = ["fit", "run"]


def fit(
    model: nn.Module,
    data: Data,
    *,
    epochs: int = 200,
    lr: float = 0.01,
    weight_decay: float = 5e-4,
    optimizer: MakeOptimizer | None = None,
    scheduler: MakeScheduler | None = None,
    clip_grad: float | None = None,
    patience: int | None = 100,
    monitor: Literal["metric", "loss"] = "metric",
    metric: str | Metric = "accuracy",
    eval_every: int = 1,
    split: int = 0,
    seed: int | None = None,
    forward: Forward | BatchForward | None = None,
    batch_size: int | None = None,
    eval_batch_size: int | None = None,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 25,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
    description: str = "",
) -> FitResult:
    """Trains a model on a graph's training nodes and leaves it with its best weights.

    Args:
        model: Gives logits per node. One output means a binary task.
        data: ``x``, ``edge_index``, ``y`` and the masks of the three splits.
        epochs: Most epochs to train.
        lr: Learning rate of the default optimizer, Adam.
        weight_decay: Weight decay of the default optimizer.
        optimizer: Makes another optimizer for the model; ``lr`` and ``weight_decay`` are then its
            own affair.
        scheduler: Makes a scheduler of the optimizer's learning rate, stepped once an epoch.
        clip_grad: Largest norm of the gradients of a step; ``None`` leaves them as they are.
        patience: Epochs without an improvement after which training stops; ``None`` never stops.
        monitor: What the best epoch is best in: the score of the validation nodes (of equal scores,
            the lower validation loss), or their loss.
        metric: ``"accuracy"``, ``"roc_auc"`` or a function of logits and labels.
        eval_every: Epochs between two evaluations; the last one is always evaluated.
        split: Column of masks ``[N, S]``, modulo ``S``.
        seed: Passed to :func:`set_seed` first; ``None`` leaves the generators alone.
        forward: How the model is called on ``data``; ``None`` means ``model(x, edge_index)``. With
            ``batch_size``: a function of model, data, nodes and epoch, 0 in evaluation.
        batch_size: Training nodes of a step, drawn anew each epoch; ``None`` means a step on the
            whole graph. Several processes that ``torch.distributed`` has joined share out a batch
            among themselves; the first alone writes files. Test nodes are then scored only in an
            epoch that is the best so far, and are ``nan`` in the history otherwise.
        eval_batch_size: Nodes scored at once; ``None`` means ``batch_size``.
        config: Your own settings, JSON, kept with the checkpoint.
        checkpoint: File the state is kept in. Training goes on from it where it exists, to the very
            result it would have reached without the interruption.
        checkpoint_every: Epochs between two savings.
        on_epoch: Called with the epoch and its ``loss`` and ``seconds``, and where it was evaluated
            its ``val_loss, train, val, test``.
        progress: Whether to show a bar on stderr, which no file or pipe ever sees.
        description: Text before the bar.

    Shapes:
        - **data.x:** :math:`(N, C_{in})`; **data.y:** :math:`(N)` or :math:`(N, 1)`
        - **train_mask, val_mask, test_mask:** :math:`(N)` or :math:`(N, S)`
        - **output of the model:** :math:`(N, C)`, or :math:`(N, 1)`, a row per node of a batch

    Raises:
        GraphError: If labels or masks are missing, empty or do not fit graph and model, a setting
            is out of range, the loss becomes NaN, or the checkpoint belongs to another run.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> from graphlocal.datasets import DigitsGraph
        >>> model = GCN(64, 16, num_layers=2, out_channels=10)
        >>> result = fit(model, DigitsGraph()[0], epochs=3, seed=0)
        >>> result.epochs, result.num_params
        (3, 1210)
    """
    schedule = check_schedule(epochs, patience, eval_every, checkpoint_every)
    clip_grad = check_clip_grad(clip_grad)
    check_choice(monitor, "monitor", ("metric", "loss"))
    name, score = get_metric(metric)
    if seed is not None:
        set_seed(seed)
    if optimizer is None:
        optimizer = make_adam(lr, weight_decay)
    if batch_size is None:
        training = NodeTraining(model, data, optimizer, score, monitor, split,
                                forward or call_model, scheduler, clip_grad=clip_grad)
    else:
        batch_size = check_count(batch_size, "batch_size", least=1)
        eval_batch_size = batch_size if eval_batch_size is None else check_count(
            eval_batch_size, "eval_batch_size", least=1)
        if forward is None:
            fail("forward", "None", "how the model is called on a batch",
                 "pass a function of model, data, nodes and epoch", kind=GraphTypeError)
        training = NodeBatchTraining(model, data, optimizer, score, monitor, split, forward,
                                     scheduler, batch_size=batch_size,
                                     eval_batch_size=eval_batch_size, clip_grad=clip_grad)
    settings = {**(config or {}), "seed": seed, "patience": patience,
                "metric": name, **(_settings(training) if checkpoint is not None else {})}
    training.run(**schedule, checkpoint=checkpoint, settings=settings, on_epoch=on_epoch,
                 progress=progress, description=description)
    best = {part: training.best_scores[part] for part in ("train", "val", "test")}
    return FitResult(name, training.best_epoch, **best, history=training.history, seed=seed,
                     num_params=sum(p.numel() for p in model.parameters()),
                     split=training.nodes.split)


def run(
    make_model: Callable[[], nn.Module],
    data: Data,
    *,
    runs: int | None = None,
    seeds: Sequence[int] | None = None,
    log: JsonLines | str | os.PathLike[str] | None = None,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_run: Callable[[FitResult, nn.Module], None] | None = None,
    description: str = "",
    **options: Any,
) -> RunResult:
    """Trains several new models, each from its own seed, for a mean and a deviation.

    Run ``r`` takes seed ``r`` and, of masks ``[N, S]``, split ``r % S``.

    Args:
        make_model: Makes a new model; called after the seed is set.
        data: As for :func:`fit`.
        runs: How many; ``None`` means one per seed, or 10.
        seeds: Their seeds; ``None`` means ``0, 1, 2, ...``.
        log: File that gets one JSON line per run: scores, seed, best epoch, seconds per epoch,
            number of parameters, and ``config``.
        config: Your own settings, JSON, kept in the log and the checkpoints.
        checkpoint: Folder of one checkpoint per run. A second call skips the runs that were
            finished and goes on with the one that was not.
        on_run: Called after every run with its result and the model at its best weights.
        description: Text before the progress bar.
        **options: The settings of :func:`fit`.

    Shapes:
        - **data:** As for :func:`fit`.

    Raises:
        GraphError: If ``runs`` and ``seeds`` disagree, ``make_model`` makes no model, or as
            :func:`fit`.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> from graphlocal.datasets import DigitsGraph
        >>> data = DigitsGraph()[0]
        >>> result = run(lambda: GCN(64, 16, 2, 10), data, runs=2, epochs=3)
        >>> [r.seed for r in result.runs], result.test.std is None
        ([0, 1], False)
    """
    return RunResult(run_seeds(
        fit, make_model, lambda number, seed: {"data": data, "split": number}, runs=runs,
        seeds=seeds, log=log, config=config, checkpoint=checkpoint, on_run=on_run,
        description=description, options=options,
        reserved=dict.fromkeys(("seed", "split"), "pass seeds; run r takes split r")))


def _settings(training: NodeTraining) -> dict[str, Any]:
    """What must be equal for a checkpoint to be gone on with; ``epochs`` may be raised."""
    return {
        **training.settings(), "split": training.nodes.split,
        "num_nodes": training.nodes.num_nodes,
        "num_edges": int(training.nodes.data.num_edges),
        "features": checksum(training.nodes.data.x),
    }
