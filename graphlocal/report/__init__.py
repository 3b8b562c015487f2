"""Pages a person reads: sections of text, tables and pictures, in one file without a network."""

from .charts import bars, curves
from .layout import force_layout
from .network import draw_network
from .page import Command, Fact, Figure, Page, Pair, Section, Table

__all__ = [
    "Command",
    "Fact",
    "Figure",
    "Page",
    "Pair",
    "Section",
    "Table",
    "bars",
    "curves",
    "draw_network",
    "force_layout",
]
