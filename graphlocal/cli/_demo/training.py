"""Networks that read the digits, trained side by side, as a picture and a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...report import Fact, Figure, Pair, Table, curves
from .workspace import Workspace, one_thread

_COLOURS = ("a", "b", "c2")


class Network(NamedTuple):
    """How a network is made and trained.

    Args:
        make: Makes it.
        settings: Arguments of ``tasks.node.run``.
    """

    make: Callable[[], Any]
    settings: dict[str, Any]


def side_by_side(
    work: Workspace, networks: dict[str, Network], num_seeds: int, epochs: int, log_name: str
) -> tuple[Pair, dict[str, Any]]:
    """Trains all networks seed by seed; their curves and scores, and the results by name."""
    from ... import tasks

    log = tasks.JsonLines(work.folder.write(log_name, ""))
    runs: dict[str, list[tasks.FitResult]] = {name: [] for name in networks}
    latest = dict.fromkeys(networks, 0.0)
    with work.bar(num_seeds * epochs * len(networks), "  training") as bar, one_thread():
        for seed in range(num_seeds):
            for name, network in networks.items():
                def on_epoch(epoch: int, scores: dict[str, float], name: str = name) -> None:
                    latest[name] = scores["val"]
                    bar.set_postfix({k: f"{100 * v:.1f} %" for k, v in latest.items()},
                                    refresh=False)
                    bar.update()

                runs[name] += tasks.node.run(
                    network.make, work.data, seeds=[seed], epochs=epochs, patience=None, log=log,
                    config={"model": name}, on_epoch=on_epoch, progress=False,
                    **network.settings).runs
    results = {name: tasks.RunResult(found) for name, found in runs.items()}
    for name, result in results.items():
        work.say(f"  {name}: test accuracy {result.test.percent()} %")
    return _drawn(results, num_seeds, log_name), results


def fact(name: str, results: dict[str, Any]) -> Fact:
    """A network's test accuracy, for the head of the page."""
    mean, *std = results[name].test.percent(1).split(" ")
    return Fact(f"Digits read by the {name}", f"{mean} %", " ".join(std))


def _drawn(results: dict[str, Any], num_seeds: int, log_name: str) -> Pair:
    series = {name: (colour, np.array([run.history["val"] for run in result.runs]))
              for (name, result), colour in zip(results.items(), _COLOURS, strict=False)}
    seeds = f"{num_seeds} seeds" if num_seeds > 1 else "one seed"
    rows = [(name, f"{result.runs[0].num_params:,}", result.val.percent(1),
             result.test.percent(1), f"{_milliseconds(result):.0f} ms")
            for name, result in results.items()]
    return Pair(
        Figure(curves(series, x_name="epoch", y_name="validation accuracy"),
               "Accuracy on the validation images.",
               f"Lines are means over {seeds}, bands reach from the lowest to the highest."),
        Table("Accuracy in percent.", ("", "weights", "validation", "test", "epoch"), rows,
              f"Mean ± standard deviation over {seeds}, at the epoch that was best on "
              f"validation. The runs are in {log_name}."))


def _milliseconds(result: Any) -> float:
    return 1000 * float(np.median([run.seconds_per_epoch for run in result.runs]))
