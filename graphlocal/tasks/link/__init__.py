"""Link prediction: splits, negatives, training and scores."""

from .data import LinkData
from .metrics import average_precision, hits_at_k, mean_reciprocal_rank, ogb_metric, roc_auc

__all__ = [
    "LinkData",
    "average_precision",
    "hits_at_k",
    "mean_reciprocal_rank",
    "ogb_metric",
    "roc_auc",
]
