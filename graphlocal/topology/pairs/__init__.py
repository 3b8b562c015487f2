"""Scores of pairs of nodes: for those one has, and the best of those one has not."""

from .names import PAIR_SCORES, PairScore
from .push import personalized_pagerank
from .scores import pair_scores, pair_table
from .top import top_pairs

__all__ = [
    "PAIR_SCORES",
    "PairScore",
    "pair_scores",
    "pair_table",
    "personalized_pagerank",
    "top_pairs",
]
