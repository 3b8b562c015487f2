"""Pages a person reads: sections of text, tables and pictures, in one file without a network."""

from .charts import bars as bars
from .charts import curves as curves
from .layout import force_layout as force_layout
from .network import draw_network as draw_network
from .page import Command as Command
from .page import Fact as Fact
from .page import Figure as Figure
from .page import Page as Page
from .page import Pair as Pair
from .page import Section as Section
from .page import Table as Table
