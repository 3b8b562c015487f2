"""How GraphLocal refuses: the errors, and the one sentence they all follow."""

from __future__ import annotations

from typing import NoReturn


class GraphError(ValueError):
    """Raised for any input GraphLocal cannot use.

    Example:
        >>> issubclass(GraphError, ValueError)
        True
    """


class GraphTypeError(GraphError, TypeError):
    """A :class:`GraphError` about the type of an argument.

    Example:
        >>> issubclass(GraphTypeError, TypeError)
        True
    """


def fail(
    argument: str, got: str, expected: str, remedy: str = "", *, kind: type[GraphError] = GraphError
) -> NoReturn:
    """Raises ``kind`` with the one sentence every error of GraphLocal follows.

    Example:
        >>> fail("size", "6", "4 or 5", "orbits are numbered up to five nodes")
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'size': got 6, expected 4 or 5 (orbits are \
numbered up to five nodes)
    """
    raise kind(f"argument '{argument}': got {got}, expected {expected}"
               + (f" ({remedy})" if remedy else ""))


def fail_file(
    name: str, got: str, expected: str, remedy: str = "", *, line: int | None = None
) -> NoReturn:
    """Raises :class:`GraphError` about a file, or about one of its lines.

    Example:
        >>> fail_file("edges.csv", "1 column", "2 columns", line=17)
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: edges.csv:17: got 1 column, expected 2 columns
    """
    where = name if line is None else f"{name}:{line}"
    raise GraphError(f"{where}: got {got}, expected {expected}"
                     + (f" ({remedy})" if remedy else ""))
