"""Predictors of links: from the features of all nodes and a graph to scores of pairs."""

from .completion import alpha_schedule
from .dot import DotPredictor
from .hadamard import HadamardMLP
from .ncn import NCNPredictor
from .ncn2 import NCN2Predictor
from .ncn_diff import NCNDiffPredictor
from .ncnc import NCNCPredictor
from .overlap_count import OverlapCountPredictor

__all__ = [
    "DotPredictor",
    "HadamardMLP",
    "NCN2Predictor",
    "NCNCPredictor",
    "NCNDiffPredictor",
    "NCNPredictor",
    "OverlapCountPredictor",
    "alpha_schedule",
]
