"""A page about columns of numbers, one row a node: distributions, correlations, the first rows."""

from .page import NodeColumns as NodeColumns
from .page import node_page as node_page
