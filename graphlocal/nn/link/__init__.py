"""Predictors of links: from the features of all nodes and a graph to scores of pairs."""

from .dot import DotPredictor
from .hadamard import HadamardMLP
from .ncn import NCNPredictor

__all__ = ["DotPredictor", "HadamardMLP", "NCNPredictor"]
