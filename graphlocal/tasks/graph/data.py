"""Graphs with labels, split into those to learn from and those to be scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from torch_geometric.data import Data

from ...graph.checks import GraphTypeError, check_choice, check_count, check_positive, fail

Task = Literal["binary", "classes", "regression"]
TASKS = ("binary", "classes", "regression")
_OGB_TASKS = {"binary classification": "binary", "multiclass classification": "classes",
              "regression": "regression"}

__all__ = ["GraphData"]


@dataclass(frozen=True, eq=False)
class GraphData:
    """Three lists of graphs, and what is to be predicted of each.

    Args:
        train: Graphs to learn from.
        val: Graphs the best epoch is chosen by.
        test: Graphs the result is scored on.
        task: ``"binary"``: T questions with the answers 0, 1 or ``nan`` for unknown; ``"classes"``:
            one class of several; ``"regression"``: T numbers, ``nan`` for unknown. ``None`` takes
            integers for classes and other numbers for a regression.

    Shapes:
        - **y of a graph:** :math:`(1, T)`, or :math:`(1)` for one question, class or number

    Raises:
        GraphError: If a split is empty, a label is missing or of the wrong kind, or the graphs
            have different numbers of labels.

    Example:
        >>> graphs = [Data(x=torch.ones(2, 1), edge_index=torch.tensor([[0], [1]]), y=number % 2)
        ...           for number in range(10)]
        >>> GraphData(graphs[:6], graphs[6:8], graphs[8:])
        GraphData(task='classes', train=6, val=2, test=2, out_channels=2)
    """

    train: Sequence[Data] = field(repr=False)
    val: Sequence[Data] = field(repr=False)
    test: Sequence[Data] = field(repr=False)
    task: Task | None = None
    #: Labels of each split: integers [G] of classes, otherwise numbers [G, T].
    labels: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.task is not None:
            check_choice(self.task, "task", TASKS)
        labels = {}
        for name in ("train", "val", "test"):
            graphs = _listed(getattr(self, name), name)
            object.__setattr__(self, name, graphs)
            labels[name] = _labels(graphs, name)
        columns = {name: y.size(1) for name, y in labels.items()}
        if len(set(columns.values())) > 1:
            fail("y", f"{columns} labels per graph", "the same number in every split")
        if self.task is None:
            whole = not any(y.is_floating_point() for y in labels.values())
            object.__setattr__(self, "task", "classes" if whole else "regression")
        for name, y in labels.items():
            self.labels[name] = _checked(y, name, self.task)

    @property
    def out_channels(self) -> int:
        """Number of outputs a model for the task has: one per class, question or number."""
        if self.task != "classes":
            return self.labels["train"].size(1)
        return max(2, 1 + max(int(y.max()) for y in self.labels.values()))

    @classmethod
    def from_ogb(cls, dataset: Any) -> GraphData:
        """The official split of a data set of OGB, and its task.

        Args:
            dataset: What ``datasets.load("ogbg-molbace")`` gives.

        Raises:
            GraphError: If it is no graph data set of OGB, or its task is none of the three.
        """
        split = getattr(dataset, "get_idx_split", None)
        kind = getattr(dataset, "task_type", None)
        if split is None or kind is None:
            fail("dataset", type(dataset).__name__, "a graph data set of OGB",
                 "GraphData.random splits any list of graphs", kind=GraphTypeError)
        if kind not in _OGB_TASKS:
            fail("dataset", f"the task {kind!r}", f"one of {', '.join(_OGB_TASKS)}")
        parts = split()
        return cls(*([dataset[int(number)] for number in parts[name]]
                     for name in ("train", "valid", "test")), task=_OGB_TASKS[kind])

    @classmethod
    def random(
        cls, graphs: Sequence[Data], *, val: float = 0.1, test: float = 0.1, seed: int = 0,
        task: Task | None = None,
    ) -> GraphData:
        """A random split.

        Args:
            graphs: A list of graphs or a data set.
            val: Share of validation graphs.
            test: Share of test graphs.
            seed: Seed of the split; torch's generator is left alone.
            task: As for the class.

        Raises:
            GraphError: If a share leaves a split empty.
        """
        graphs = _listed(graphs, "graphs")
        counts = [round(check_positive(share, name) * len(graphs))
                  for name, share in (("val", val), ("test", test))]
        generator = torch.Generator().manual_seed(check_count(seed, "seed"))
        order = torch.randperm(len(graphs), generator=generator).tolist()
        first, second = len(graphs) - sum(counts), len(graphs) - counts[1]
        parts = order[:max(first, 0)], order[max(first, 0):second], order[second:]
        return cls(*([graphs[number] for number in part] for part in parts), task=task)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={len(getattr(self, name))}" for name in self.labels)
        return f"GraphData(task={self.task!r}, {sizes}, out_channels={self.out_channels})"


def _listed(graphs: Any, name: str) -> list[Data]:
    """The graphs one by one: a data set that cuts them out of one tensor does so only once."""
    if isinstance(graphs, Data | Mapping | str) or not hasattr(graphs, "__len__"):
        fail(name, type(graphs).__name__, "a list of graphs or a data set", kind=GraphTypeError)
    listed = [graphs[number] for number in range(len(graphs))]
    if not listed:
        fail(name, "no graph", "at least one", "every split needs graphs to be scored on")
    for graph in listed:
        if not isinstance(graph, Data):
            fail(name, f"a list with {type(graph).__name__} in it", "torch_geometric.data.Data",
                 kind=GraphTypeError)
    return listed


def _labels(graphs: list[Data], name: str) -> Tensor:
    rows = []
    for number, graph in enumerate(graphs):
        if graph.y is None:
            fail("y", f"none at graph {number} of {name}", "a label for every graph")
        row = torch.as_tensor(graph.y)
        if row.is_complex():
            fail("y", f"{row.dtype} at graph {number} of {name}", "real numbers",
                 kind=GraphTypeError)
        rows.append(row.reshape(1, -1))
        if rows[-1].size(1) != rows[0].size(1) or rows[0].size(1) == 0:
            fail("y", f"{rows[-1].size(1)} labels at graph {number} of {name}",
                 f"{max(1, rows[0].size(1))} as at the first")
    return torch.cat(rows)


def _checked(y: Tensor, name: str, task: Task) -> Tensor:
    if task == "classes":
        if y.size(1) != 1:
            fail("y", f"{y.size(1)} labels per graph of {name}", "one class",
                 "pass task='binary' for several yes/no questions")
        classes = y[:, 0].long()
        if bool((classes != y[:, 0]).any()) or int(classes.min()) < 0:
            fail("y", f"numbers of {name} that are no classes", "integers from 0 on",
                 "pass task='regression' for numbers")
        return classes
    y = y.to(torch.float64 if y.dtype == torch.float64 else torch.float32)
    if bool(torch.isinf(y).any()):
        fail("y", f"inf in {name}", "numbers, or nan for unknown ones")
    if task == "binary" and not bool(((y == 0) | (y == 1) | y.isnan()).all()):
        wrong = y[~((y == 0) | (y == 1) | y.isnan())][0]
        fail("y", f"{float(wrong):g} in {name}", "0, 1, or nan for unknown",
             "pass task='classes' for more than two classes")
    if bool(y.isnan().all()):
        fail("y", f"only nan in {name}", "at least one known label")
    return y
