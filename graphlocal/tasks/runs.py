"""The runs of several seeds: the loop that node, link and graph tasks share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from ..graph.checks import GraphTypeError, check_count, fail
from ..ops import process_rank
from .log import JsonLines
from .seed import set_seed

Result = TypeVar("Result")


def run_seeds(
    fit: Callable[..., Result],
    make_model: Callable[[], nn.Module],
    data_of: Callable[[int, int], dict[str, Any]],
    *,
    runs: int | None,
    seeds: Sequence[int] | None,
    log: JsonLines | str | os.PathLike[str] | None,
    config: Mapping[str, Any] | None,
    checkpoint: str | os.PathLike[str] | None,
    on_run: Callable[[Result, nn.Module], None] | None,
    description: str,
    reserved: Mapping[str, str],
    options: dict[str, Any],
) -> list[Result]:
    """Trains a new model from each seed; a line of the log and a checkpoint for each.

    Args:
        fit: Trains one model.
        make_model: Makes a new model; called after the seed is set.
        data_of: The arguments of ``fit`` that depend on the number of the run and its seed.
        runs: How many; ``None`` means one per seed, or 10.
        seeds: Their seeds; ``None`` means ``0, 1, 2, ...``.
        log: File that gets one JSON line per run.
        config: Settings of the caller, kept in the log and the checkpoints.
        checkpoint: Folder of one checkpoint per run.
        on_run: Called after every run with its result and the model.
        description: Text before the progress bar.
        reserved: Settings of ``fit`` that are no settings of a run, and what to do instead.
        options: The other settings of ``fit``.

    Raises:
        GraphError: If ``runs`` and ``seeds`` disagree, ``make_model`` makes no new model, or an
            option is reserved.
    """
    count = check_count(runs, "runs", least=1) if runs is not None else None
    seeds = list(seeds) if seeds is not None else list(range(10 if count is None else count))
    if not seeds or (count is not None and len(seeds) != count):
        fail("seeds", f"{len(seeds)} seeds", f"{count or 'at least one'}, one per run")
    if not callable(make_model) or isinstance(make_model, nn.Module):
        fail("make_model", type(make_model).__name__, "a function that makes a new model",
             "write lambda: Model(...), so that no run starts from trained weights",
             kind=GraphTypeError)
    for name, remedy in reserved.items():
        if name in options:
            fail(name, repr(options[name]), "no such setting of run", remedy)
    if log is not None and not isinstance(log, JsonLines):
        log = JsonLines(log)
    results: list[Result] = []
    model: nn.Module | None = None
    for number, seed in enumerate(seeds):
        set_seed(seed)
        data = data_of(number, seed)
        set_seed(seed)  # the same weights at first, however the split was made
        made = make_model()
        if results and made is model:
            fail("make_model", "a function that gave the same model twice", "a new model each time",
                 "make the model inside the function, so that no run starts from trained weights")
        model = made
        path = None if checkpoint is None else Path(checkpoint) / f"run-{number}-seed-{seed}.pt"
        resumed = path is not None and path.exists()
        result = fit(model, **data, seed=seed, config=config, checkpoint=path,
                     description=f"{description} run {number + 1}/{len(seeds)}".strip(), **options)
        results.append(result)
        record = {**result.record(), "config": dict(config or {})}
        # A finished run taken from its checkpoint has its line already.
        if log is not None and process_rank() == 0 and not (resumed and record in log):
            log.append(record)
        if on_run is not None:
            on_run(result, model)
    return results
