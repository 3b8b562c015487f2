"""Procedures that examples share: training, scoring, seeds, logs and checkpoints.

``tasks.node.fit`` trains one model on a graph, ``tasks.node.run`` several, for a mean and a
deviation; ``tasks.link`` has the same for the prediction of edges, ``tasks.graph`` for that of
whole graphs.
"""

from . import graph, link, node
from .checkpoint import load_checkpoint, save_checkpoint
from .log import JsonLines
from .metrics import accuracy, roc_auc
from .processes import first_process_first, joined_processes
from .result import FitResult, RunResult
from .seed import random_state, restore_random_state, set_seed
from .summary import MeanStd, mean_std

__all__ = [
    "FitResult",
    "JsonLines",
    "MeanStd",
    "RunResult",
    "accuracy",
    "first_process_first",
    "graph",
    "joined_processes",
    "link",
    "load_checkpoint",
    "mean_std",
    "node",
    "random_state",
    "restore_random_state",
    "roc_auc",
    "save_checkpoint",
    "set_seed",
]
