"""Training of models for graphs: once, or several times for a mean and a deviation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import nn

from ...graph.checks import GraphTypeError, check_choice, check_count, fail
from ..checkpoint import checksum
from ..log import JsonLines
from ..loop import MakeOptimizer, OnEpoch, check_clip_grad, check_schedule
from ..runs import run_seeds
from ..seed import set_seed
from ..training import MakeScheduler, make_adam
from .data import GraphData
from .metrics import USUAL, GraphMetric, get_graph_metric
from .result import GraphResult, GraphRunResult
from .training import GraphForward, GraphTraining, call_model

__all__ = ["fit", "run"]


def fit(
    model: nn.Module,
    data: GraphData,
    *,
    epochs: int = 100,
    batch_size: int = 32,
    lr: float = 0.001,
    weight_decay: float = 0.0,
    optimizer: MakeOptimizer | None = None,
    scheduler: MakeScheduler | None = None,
    clip_grad: float | None = None,
    patience: int | None = None,
    monitor: Literal["metric", "loss"] = "metric",
    metric: str | GraphMetric | None = None,
    maximize: bool | None = None,
    eval_every: int = 1,
    eval_batch_size: int = 256,
    seed: int | None = None,
    forward: GraphForward | None = None,
    num_workers: int = 0,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 25,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
    description: str = "",
) -> GraphResult:
    """Trains a model on mini-batches of graphs and leaves it with its best weights.

    The loss is the cross-entropy of classes or of yes/no questions, or the squared error of
    numbers; unknown labels, ``nan``, count nowhere. Where one graph would be left over for the
    last batch of an epoch, it sits that epoch out.

    Args:
        model: Gives one row of outputs per graph.
        data: Graphs of the three splits.
        epochs: Most epochs to train.
        batch_size: Graphs of a step.
        lr: Learning rate of the default optimizer, Adam.
        weight_decay: Weight decay of the default optimizer.
        optimizer: Makes another optimizer for the model; ``lr`` and ``weight_decay`` are then its
            own affair.
        scheduler: Makes a scheduler of the optimizer's learning rate, stepped once an epoch.
        clip_grad: Largest norm of the gradients of a step.
        patience: Epochs without an improvement after which training stops; ``None`` never stops.
        monitor: What the best epoch is best in: the score of the validation graphs (of equal
            scores, the lower validation loss), or their loss.
        metric: ``"accuracy"``, ``"roc_auc"``, ``"ap"``, ``"rmse"``, ``"mae"``, the name of a data
            set of OGB for the score of its Evaluator, or a function of outputs and labels; ``None``
            means what is usual for the task.
        maximize: Whether larger is better; ``None`` knows it of names, and takes it of functions.
        eval_every: Epochs between two evaluations; the last one is always evaluated.
        eval_batch_size: Graphs scored at once.
        seed: Passed to :func:`~graphlocal.tasks.set_seed` first; ``None`` leaves the generators
            alone.
        forward: How the model is called on a batch; ``None`` means ``model(x, edge_index,
            batch=batch)``, and ``edge_attr`` where both the graphs and the model have it.
        num_workers: Processes that put batches together.
        config: Your own settings, JSON, kept with the checkpoint.
        checkpoint: File the state is kept in. Training goes on from it where it exists, to the very
            result it would have reached without the interruption.
        checkpoint_every: Epochs between two savings.
        on_epoch: Called with the epoch and its ``loss`` and ``seconds``, and where it was evaluated
            its ``val_loss, train, val, test``.
        progress: Whether to show a bar on stderr, which no file or pipe ever sees.
        description: Text before the bar.

    Shapes:
        - **output of the model:** :math:`(G, T)`, one column per class, question or number

    Raises:
        GraphError: If model and data do not fit, a setting is out of range, the loss stops being
            finite, or the checkpoint belongs to another run.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> from torch_geometric.nn import GIN, global_add_pool
        >>> graphs = [Data(x=torch.rand(n, 4), edge_index=torch.tensor([[0, 1], [1, 0]]), y=n / 5)
        ...           for n in (2, 3, 4, 5, 6, 7)]
        >>> data = GraphData(graphs[:4], graphs[4:5], graphs[5:])
        >>> result = fit(GIN(4, 8, 2, out_channels=1), data, epochs=2, seed=0,
        ...              forward=lambda model, batch: global_add_pool(
        ...                  model(batch.x, batch.edge_index), batch.batch))
        >>> result.metric, result.epochs
        ('rmse', 2)
    """
    schedule = check_schedule(epochs, patience, eval_every, checkpoint_every)
    batch_size = check_count(batch_size, "batch_size", least=1)
    eval_batch_size = check_count(eval_batch_size, "eval_batch_size", least=1)
    num_workers = check_count(num_workers, "num_workers")
    check_choice(monitor, "monitor", ("metric", "loss"))
    clip_grad = check_clip_grad(clip_grad)
    if not isinstance(data, GraphData):
        fail("data", type(data).__name__, "a GraphData",
             "GraphData.from_ogb(dataset) takes OGB's split, GraphData.random(graphs) makes one",
             kind=GraphTypeError)
    name, score, maximize = get_graph_metric(USUAL[data.task] if metric is None else metric,
                                             maximize)
    if seed is not None:
        set_seed(seed)
    if optimizer is None:
        optimizer = make_adam(lr, weight_decay)
    device = next((p.device for p in model.parameters()), None) if isinstance(
        model, nn.Module) else None
    training = GraphTraining(model, data, optimizer, score, monitor, maximize,
                             forward or call_model, scheduler, batch_size=batch_size,
                             eval_batch_size=eval_batch_size, clip_grad=clip_grad, device=device,
                             num_workers=num_workers)
    settings = {**(config or {}), "seed": seed, "patience": patience, "metric": name}
    if checkpoint is not None:
        settings |= {**training.settings(), "batch_size": batch_size,
                     "eval_every": eval_every, "labels": _checksums(data.labels),
                     "features": _checksums({"train": data.train[0].x, "test": data.test[-1].x})}
    training.run(**schedule, checkpoint=checkpoint, settings=settings, on_epoch=on_epoch,
                 progress=progress, description=description)
    best = {part: training.best_scores[part] for part in ("train", "val", "test")}
    return GraphResult(name, training.best_epoch, **best, history=training.history, seed=seed,
                       num_params=sum(p.numel() for p in model.parameters()), maximize=maximize)


def run(
    make_model: Callable[[], nn.Module],
    data: GraphData | Callable[[int], GraphData],
    *,
    runs: int | None = None,
    seeds: Sequence[int] | None = None,
    log: JsonLines | str | os.PathLike[str] | None = None,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_run: Callable[[GraphResult, nn.Module], None] | None = None,
    description: str = "",
    **options: Any,
) -> GraphRunResult:
    """Trains several new models, each from its own seed, for a mean and a deviation.

    Args:
        make_model: Makes a new model; called after the seed is set.
        data: The split of every run, or a function of the seed that makes one for each.
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
        GraphError: If ``runs`` and ``seeds`` disagree, ``make_model`` makes no new model, or as
            :func:`fit`.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> graphs = [Data(x=torch.rand(2, 4), edge_index=torch.tensor([[0], [1]]), y=n / 5)
        ...           for n in range(6)]
        >>> result = run(lambda: nn.Linear(8, 1), GraphData(graphs[:4], graphs[4:5], graphs[5:]),
        ...              runs=2, epochs=2, forward=lambda model, batch: model(batch.x.view(-1, 8)))
        >>> [r.seed for r in result.runs], result.test.std is None
        ([0, 1], False)
    """
    return GraphRunResult(run_seeds(
        fit, make_model, lambda number, seed: {"data": data(seed) if callable(data) else data},
        runs=runs, seeds=seeds, log=log, config=config, checkpoint=checkpoint, on_run=on_run,
        description=description, options=options, reserved={"seed": "pass seeds"}))


def _checksums(tensors: Mapping[str, Any]) -> dict[str, int | None]:
    return {name: checksum(tensor) for name, tensor in tensors.items()}
