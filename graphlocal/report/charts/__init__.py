"""Charts as SVG that take their colours from the page, one kind a file."""

from .bars import bars as bars
from .curves import curves as curves
from .density import density as density
from .distribution import bins as bins
from .distribution import ccdf as ccdf
from .distribution import histogram as histogram
from .matrix import correlations as correlations
from .matrix import tallies as tallies
from .trend import trends as trends
