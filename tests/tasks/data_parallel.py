"""A small LargeGT training that one process or several can do; torchrun runs this file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch_geometric.data import Data

from graphlocal import ops, tasks
from graphlocal.models import HopTokens, LargeGT


def graph(num_nodes: int = 61) -> Data:
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(num_nodes, (2, 3 * num_nodes), generator=generator)
    x = torch.randn(num_nodes, 5, dtype=torch.float64, generator=generator)
    split = torch.randperm(num_nodes, generator=generator)
    masks = {f"{part}_mask": torch.zeros(num_nodes, dtype=torch.bool).scatter_(
        0, nodes, True) for part, nodes in zip(("train", "val", "test"), split.split([37, 11, 13]),
                                               strict=True)}
    return Data(x=x, edge_index=edges, y=(x[:, 0] > 0).long(), **masks)


def train(folder: Path, epochs: int = 3, dropout: float = 0.0) -> dict[str, Any]:
    """Trains with batches of 12, the last of 13; what came of it in this process."""
    data = graph()
    position = torch.linspace(-1, 1, data.num_nodes, dtype=torch.float64).view(-1, 1)
    batches = HopTokens(data.x, data.edge_index, 4, pos_enc=position)
    kept: dict[str, Any] = {}

    def keep(result: tasks.FitResult, model: nn.Module) -> None:
        kept.update(history={name: list(values) for name, values in result.history.items()},
                    state=model.state_dict(), best_epoch=result.best_epoch)

    tasks.node.run(
        lambda: LargeGT(5, 8, 2, global_channels=3, pos_channels=1, num_centroids=6,
                        dropout=dropout, local_dropout=dropout).double(), data,
        seeds=[3], epochs=epochs, batch_size=12, eval_batch_size=4,
        # Adam would make steps of rounding errors where a gradient is 0.
        optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        forward=lambda model, data, nodes, epoch: model(*batches(nodes, epoch)), on_run=keep,
        log=folder / "log.jsonl", checkpoint=folder / "states", checkpoint_every=1,
        progress=False)
    return kept


def main(root: Path) -> None:
    """One training to compare with one process, and two of which one is interrupted."""
    with tasks.joined_processes("gloo"):
        rank = ops.process_rank()
        with tasks.first_process_first(), (root / "order.txt").open("a") as file:
            file.write(str(rank))
            time.sleep(0.3 * (1 - rank))  # time for the other to come in between
            file.write(str(rank))
        for name, epochs, dropout in (("pair", 3, 0.0), ("once", 3, 0.3), ("twice", 1, 0.3),
                                      ("twice", 3, 0.3)):
            (root / name).mkdir(exist_ok=True)
            torch.save(train(root / name, epochs, dropout), root / name / f"rank-{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
