"""Graph-level prediction: classes, several yes/no questions, or numbers of whole graphs.

``tasks.graph.fit`` trains one model on a :class:`GraphData`, ``tasks.graph.run`` several, for a
mean and a deviation; ``tasks.graph.evaluate`` scores a trained one.
"""

from .data import GraphData
from .fit import fit, run
from .metrics import (
    accuracy,
    average_precision,
    get_graph_metric,
    mean_absolute_error,
    ogb_metric,
    roc_auc,
    root_mean_squared_error,
)
from .result import GraphResult, GraphRunResult
from .training import evaluate, predict

__all__ = [
    "GraphData",
    "GraphResult",
    "GraphRunResult",
    "accuracy",
    "average_precision",
    "evaluate",
    "fit",
    "get_graph_metric",
    "mean_absolute_error",
    "ogb_metric",
    "predict",
    "roc_auc",
    "root_mean_squared_error",
    "run",
]
