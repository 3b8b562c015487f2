"""Link prediction: splits, training, scores.

``tasks.link.fit`` trains one model on a :class:`LinkData`, ``tasks.link.run`` several, for a mean
and a deviation; ``tasks.link.evaluate`` scores a trained one.
"""

from .data import LinkData
from .fit import fit, run
from .hard_negatives import hard_negatives
from .metrics import (
    average_precision,
    get_link_metric,
    hits_at_k,
    mean_reciprocal_rank,
    ogb_metric,
    roc_auc,
)
from .node_scores import node_link_scores, ranking_scores
from .result import Best, LinkResult, LinkRunResult
from .scoring import evaluate, score_pairs

__all__ = [
    "Best",
    "LinkData",
    "LinkResult",
    "LinkRunResult",
    "average_precision",
    "evaluate",
    "fit",
    "get_link_metric",
    "hard_negatives",
    "hits_at_k",
    "mean_reciprocal_rank",
    "node_link_scores",
    "ogb_metric",
    "ranking_scores",
    "roc_auc",
    "run",
    "score_pairs",
]
