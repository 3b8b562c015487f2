"""The parts of ``graphlocal demo``: each takes the workspace and gives a section of the report.

A new family of the library adds one file with ``section(work) -> Section`` and its line here.
"""

from __future__ import annotations

from collections.abc import Callable

from ...report.page import Section
from . import drawing, far, learning, links, structure
from .workspace import Workspace as Workspace

#: In the order of the report.
SECTIONS: tuple[Callable[[Workspace], Section], ...] = (
    drawing.section,
    structure.section,
    learning.section,
    far.section,
    links.section,
)
