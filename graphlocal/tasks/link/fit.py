"""Training of link predictors: once, or several times for a mean and a deviation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from ...graph.checks import GraphTypeError, check_choice, check_count, check_positive, fail
from ...loader import LinkLoader
from ..checkpoint import checksum
from ..log import JsonLines
from ..loop import MakeOptimizer, OnEpoch, check_clip_grad, check_schedule
from ..runs import run_seeds
from ..seed import set_seed
from .data import LinkData
from .metrics import LinkMetric
from .result import LinkResult, LinkRunResult
from .scoring import metric_functions
from .training import LinkTraining

__all__ = ["fit", "run"]


def fit(
    model: nn.Module,
    data: LinkData,
    *,
    epochs: int = 100,
    batch_size: int = 65536,
    lr: float = 0.001,
    predictor_lr: float | None = None,
    weight_decay: float = 0.0,
    optimizer: MakeOptimizer | None = None,
    hide_targets: bool = True,
    negatives: Literal["uniform", "target"] = "uniform",
    num_hops: int | None = None,
    val_edges_as_input: bool = False,
    clip_grad: float | None = None,
    metrics: Sequence[str] | Mapping[str, LinkMetric] = ("hits@20", "hits@50", "hits@100"),
    monitor: str | None = None,
    patience: int | None = None,
    eval_every: int = 1,
    eval_batch_size: int = 65536,
    seed: int | None = None,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 25,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
    description: str = "",
) -> LinkResult:
    """Trains a model to tell edges from other pairs and leaves it with its best weights.

    In every step the encoder runs once and the predictor once, on the positives of the batch and
    as many negatives together. The loss is the mean of -log σ over the positives plus the mean of
    -log(1 - σ) over the negatives. Negatives are drawn anew in every epoch from the pairs that are
    no *training* edges, of which some may be validation or test edges: nothing is known of those.

    Args:
        model: With ``encode``, ``decode`` and a call that does both, as those of
            :mod:`graphlocal.models`; ``LinkModel(encoder, predictor)`` makes one of any two parts.
        data: Edges to learn from and to predict.
        epochs: Most epochs to train.
        batch_size: Positives of a step. The last step may have fewer.
        lr: Learning rate of the default optimizer, Adam. 0 leaves the encoder as it is.
        predictor_lr: Learning rate of the parameters of ``model.predictor``; ``None`` means ``lr``.
        weight_decay: Weight decay of the default optimizer.
        optimizer: Makes another optimizer for the model; rates and decay are then its own affair.
        hide_targets: Whether the positives of a step are taken out of the graph during it, so that
            an edge is predicted as one that is not there yet.
        negatives: ``"uniform"``, or ``"target"`` to keep the source of each positive.
        num_hops: Train on the subgraphs within so many steps of a batch's pairs; ``None`` trains
            on the whole graph. Scores are always those of the whole graph.
        val_edges_as_input: Whether test edges are predicted on the graph of training and
            validation edges, as the rules of ogbl-collab allow.
        clip_grad: Largest norm of the gradients of the encoder, and of those of the predictor.
        metrics: ``"hits@K"`` (any K), ``"mrr"``, ``"auc"``, ``"ap"``; or names and functions of
            the scores of positives and negatives.
        monitor: The metric that chooses the best epoch on validation; ``None`` means the last one.
        patience: Epochs without an improvement after which training stops, once validation has
            said so; ``None`` never stops.
        eval_every: Epochs between two evaluations; the last one is always evaluated.
        eval_batch_size: Pairs scored at once.
        seed: Passed to :func:`~graphlocal.tasks.set_seed` first; ``None`` leaves the generators
            alone.
        config: Your own settings, JSON, kept with the checkpoint.
        checkpoint: File the state is kept in. Training goes on from it where it exists, to the very
            result it would have reached without the interruption.
        checkpoint_every: Epochs between two savings.
        on_epoch: Called with the epoch and its ``loss`` and ``seconds``, and the scores on
            validation where there was one.
        progress: Whether to show a bar on stderr, which no file or pipe ever sees.
        description: Text before the bar.

    Shapes:
        - **data:** as :class:`LinkData`

    Raises:
        GraphError: If model and data do not fit, a setting is out of range, there are fewer than K
            negatives, the loss stops being finite, or the checkpoint belongs to another run.

    Example:
        >>> from graphlocal.datasets import DigitsGraph
        >>> from graphlocal.models import LinkModel
        >>> from graphlocal.nn import GCNConv
        >>> from graphlocal.nn.link import NCNPredictor
        >>> digits = DigitsGraph()[0]
        >>> data = LinkData.random(digits.edge_index, x=digits.x)
        >>> model = LinkModel(GCNConv(64, 16), NCNPredictor(16, 16))
        >>> result = fit(model, data, epochs=2, batch_size=1024, seed=0)
        >>> result.epochs, sorted(result.test)
        (2, ['hits@100', 'hits@20', 'hits@50'])
    """
    schedule = check_schedule(epochs, patience, eval_every, checkpoint_every)
    batch_size = check_count(batch_size, "batch_size", least=1)
    eval_batch_size = check_count(eval_batch_size, "eval_batch_size", least=1)
    clip_grad = check_clip_grad(clip_grad)
    check_choice(negatives, "negatives", ("uniform", "target"))
    if not isinstance(data, LinkData):
        fail("data", type(data).__name__, "a LinkData",
             "LinkData.random(edge_index) splits a graph's edges", kind=GraphTypeError)
    functions = metric_functions(metrics)
    monitor = check_choice(list(functions)[-1] if monitor is None else monitor, "monitor",
                           tuple(functions))
    freeze = optimizer is None and lr == 0
    if optimizer is None:
        optimizer = _adam(check_positive(lr, "lr", zero=True),
                          None if predictor_lr is None else
                          check_positive(predictor_lr, "predictor_lr"),
                          check_positive(weight_decay, "weight_decay", zero=True))
    if seed is not None:
        set_seed(seed)
    training = LinkTraining(
        model, data,
        lambda: LinkLoader(data.edge_index, data.train, batch_size, num_nodes=data.num_nodes,
                           x=data.x, num_hops=num_hops, negatives=negatives),
        optimizer, functions, monitor, hide_targets=hide_targets, freeze_encoder=freeze,
        val_edges_as_input=val_edges_as_input, clip_grad=clip_grad,
        eval_batch_size=eval_batch_size)
    settings = {}
    if checkpoint is not None:
        settings = {**(config or {}), **_settings(training), "seed": seed,
                    "batch_size": batch_size, "negatives": negatives, "num_hops": num_hops,
                    "eval_every": schedule["eval_every"]}
    training.run(**schedule, checkpoint=checkpoint, settings=settings, on_epoch=on_epoch,
                 progress=progress, description=description)
    return LinkResult(monitor, dict(training.best), training.scores["val"],
                      training.scores["test"], training.history,
                      sum(p.numel() for p in model.parameters()), seed)


def run(
    make_model: Callable[[], nn.Module],
    data: LinkData | Callable[[int], LinkData],
    *,
    runs: int | None = None,
    seeds: Sequence[int] | None = None,
    log: JsonLines | str | os.PathLike[str] | None = None,
    config: Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_run: Callable[[LinkResult, nn.Module], None] | None = None,
    description: str = "",
    **options: Any,
) -> LinkRunResult:
    """Trains several new models, each from its own seed, for a mean and a deviation.

    Args:
        make_model: Makes a new model; called after the seed is set.
        data: The split of every run, or a function of the seed that makes one for each.
        runs: How many; ``None`` means one per seed, or 10.
        seeds: Their seeds; ``None`` means ``0, 1, 2, ...``.
        log: File that gets one JSON line per run: the scores of each metric at the epoch that was
            best in it, seed, seconds per epoch, number of parameters, and ``config``.
        config: Your own settings, JSON, kept in the log and the checkpoints.
        checkpoint: Folder of one checkpoint per run. A second call skips the runs that were
            finished and goes on with the one that was not.
        on_run: Called after every run with its result and the model at its best weights.
        description: Text before the progress bar.
        **options: The settings of :func:`fit`.

    Shapes:
        - **data:** as :class:`LinkData`

    Raises:
        GraphError: If ``runs`` and ``seeds`` disagree, ``make_model`` makes no new model, or as
            :func:`fit`.

    Example:
        >>> from graphlocal.datasets import DigitsGraph
        >>> from graphlocal.models import LinkModel
        >>> from graphlocal.nn import GCNConv
        >>> from graphlocal.nn.link import DotPredictor
        >>> digits = DigitsGraph()[0]
        >>> result = run(lambda: LinkModel(GCNConv(64, 16), DotPredictor(16)),
        ...              lambda seed: LinkData.random(digits.edge_index, x=digits.x, seed=seed),
        ...              runs=2, epochs=2)
        >>> [r.seed for r in result.runs], result.test().std is None
        ([0, 1], False)
    """
    return LinkRunResult(run_seeds(
        fit, make_model, lambda number, seed: {"data": data(seed) if callable(data) else data},
        runs=runs, seeds=seeds, log=log, config=config, checkpoint=checkpoint, on_run=on_run,
        description=description, options=options, reserved={"seed": "pass seeds"}))


def _adam(lr: float, predictor_lr: float | None, weight_decay: float) -> MakeOptimizer:
    def make(model: nn.Module) -> Optimizer:
        predictor = getattr(model, "predictor", None)
        own = {id(p) for p in predictor.parameters()} if isinstance(predictor, nn.Module) else set()
        learned = [p for p in model.parameters() if p.requires_grad]
        groups = [([p for p in learned if id(p) not in own], lr),
                  ([p for p in learned if id(p) in own], lr if predictor_lr is None
                   else predictor_lr)]
        kept = [{"params": params, "lr": rate} for params, rate in groups if params and rate > 0]
        if not kept:
            fail("lr", "0", "a learning rate above 0 for some part of the model",
                 "pass predictor_lr to train the predictor alone")
        return torch.optim.Adam(kept, weight_decay=weight_decay)
    return make


def _settings(training: LinkTraining) -> dict[str, Any]:
    """What must be equal for a checkpoint to be gone on with; ``epochs`` may be raised."""
    data = training.data
    return {
        **training.settings(), "metrics": list(training.metrics),
        "hide_targets": training.hide_targets, "freeze_encoder": training.freeze_encoder,
        "val_edges_as_input": training.val_edges_as_input, "num_nodes": data.num_nodes,
        "edges": [checksum(part) for part in (data.train, data.val, data.test, data.val_neg,
                                               data.test_neg)],
        "features": checksum(data.x),
    }
