"""Pages a person reads: sections of text, tables and pictures, in one file without a network."""

from .charts import bars, bins, ccdf, correlations, curves, density, histogram, tallies, trends
from .layout import force_layout
from .network import draw_network
from .nodes import NodeColumns, node_page
from .page import Beside, Command, Fact, Figure, Page, Pair, Section, Table

__all__ = [
    "Beside",
    "Command",
    "Fact",
    "Figure",
    "NodeColumns",
    "Page",
    "Pair",
    "Section",
    "Table",
    "bars",
    "bins",
    "ccdf",
    "correlations",
    "curves",
    "density",
    "draw_network",
    "force_layout",
    "histogram",
    "node_page",
    "tallies",
    "trends",
]
