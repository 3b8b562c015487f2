"""Reads a graph from a file, whatever its format."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import checks, store
from .edge_list import parse_edges
from .labels import relabel as relabel_ids
from .sources import Buffer, open_source

if TYPE_CHECKING:
    from .csr import CSRGraph, Directed

Format = Literal["text", "mtx", "npz", "graphml", "gml", "parquet"]
FORMATS = ("text", "mtx", "npz", "graphml", "gml", "parquet")

#: What some editors write before UTF-8.
_MARK = b"\xef\xbb\xbf"
_MARKUP = re.compile(rb"<!doctype|<html|<\?xml|[\[{]\s*[\[{]|{\s*\"", re.IGNORECASE)


def read(
    source: Any,
    *,
    format: Format | None = None,
    sep: str | None = None,
    header: bool | None = None,
    weight: bool | str | int | None = None,
    ids: Literal["auto", "int", "str"] = "auto",
    num_nodes: int | None = None,
    relabel: bool | None = None,
    directed: Directed = "symmetrize",
    check: bool = True,
) -> CSRGraph:
    """Graph of a file: edge list in text or Parquet, Matrix Market, GraphML, GML, ``.npz``, or a
    saved directory.

    In an edge list there is one edge a line, two ids and perhaps a weight. Integer ids are
    relabelled in sorted order and kept in ``graph.ids`` (unless they are ``0..N-1``), names in
    order of first appearance. An undirected list names every edge once or every edge twice;
    only a mixture of the two counts as directed. In Parquet the columns are those called like
    ``source`` and ``target``, else the first two of integers or text.

    Args:
        source: Path, open file or bytes. Gzip is unpacked; a directory is :meth:`CSRGraph.open`.
        format: ``None`` goes by the content, then by the ending of the name.
        sep: Character between the columns of an edge list; ``None`` finds it.
        header: Whether an edge list begins with the names of its columns; ``None`` finds out.
        weight: ``False`` leaves weights out, ``True`` demands them, a name or (in an edge list)
            a position says where they are. ``None`` takes a column called ``weight``, in an edge
            list without a header a third column of numbers, in a matrix values other than 1.
        ids: Whether the ids of an edge list are integers or names; ``None`` goes by the first.
        num_nodes: Number of nodes, where ids are indices; isolated nodes need it.
        relabel: ``False`` takes integer ids as the indices ``0..N-1``, as ``num_nodes`` does.
        directed: What to do with a directed graph, see :meth:`CSRGraph.from_edge_index`.
        check: Go through every edge of a directory, which may come from anywhere: one pass on all
            threads, about a second for a hundred million edges. Without it one that was damaged
            may crash what is computed on it.

    Shapes:
        - **output:** a graph of :math:`N` nodes and :math:`M` undirected edges

    Raises:
        GraphError: Naming the file and, where there is one, the line at fault.

    Example:
        >>> graph = read(b"# id id weight\\n10 30 0.5\\n30 20 2\\n")
        >>> graph, graph.ids.tolist(), graph.neighbors(2).tolist()
        (CSRGraph(num_nodes=3, num_edges=2, weighted), [10, 20, 30], [0, 1])
    """
    from .csr import CSRGraph

    checks.check_choice(directed, "directed", ("symmetrize", "error"))
    if format is not None:
        checks.check_choice(format, "format", FORMATS)
    if num_nodes is not None:
        checks.check_count(num_nodes, "num_nodes")
        if relabel:
            checks.fail("relabel", "True with num_nodes", "one of the two",
                        "num_nodes says that ids are the indices 0..num_nodes-1")
    text = {"sep": sep, "header": header, "ids": None if ids == "auto" else ids}
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(source):
        _refuse(str(source), "a saved directory", format=format, weight=weight or None,
                relabel=relabel, num_nodes=num_nodes, **text)
        graph = store.open_graph(source, check=check)
        if weight is None:
            return graph
        return CSRGraph._trusted(graph.rowptr, graph.col, None, graph.ids, graph.report,
                                 graph.directory)
    name, content = open_source(source)
    kind = format or find_format(name, content)
    if kind != "text" and content[:3] == _MARK:
        content = content[3:]
    if kind == "text":
        edges = parse_edges(name, content, sep=sep, header=header, weight=weight, ids=ids)
        return _from_edge_list(CSRGraph, name, edges, num_nodes, relabel, directed)
    if kind == "parquet":
        from .streaming.parquet import read_parquet

        _refuse(name, kind, sep=sep, header=header)
        edges = read_parquet(name, content, weight, ids)
        return _from_edge_list(CSRGraph, name, edges, num_nodes, relabel, directed)
    _refuse(name, kind, **text)
    if kind != "npz":
        _refuse(name, kind, num_nodes=num_nodes, relabel=relabel)
    if kind == "npz":
        from .npz import read_npz

        return read_npz(name, content, weight, num_nodes, directed)
    if kind == "mtx":
        return _read_mtx(CSRGraph, name, content, weight, directed)
    return _read_networkx(CSRGraph, name, content, kind, weight, directed)


def _refuse(name: str, kind: str, **options: Any) -> None:
    for option, value in options.items():
        if value is not None:
            checks.fail(option, repr(value), "None", f"'{name}' is {kind}: it has no use for it")


def find_format(name: str, content: Buffer) -> str:
    top = content[:1024].removeprefix(_MARK).lstrip()
    if top[:14].lower() == b"%%matrixmarket":
        return "mtx"
    if top[:4] == b"PK\x03\x04":
        return "npz"
    if top[:4] == b"PAR1":
        return "parquet"
    if b"<graphml" in top:
        return "graphml"
    stem = name.lower().removesuffix(".gz")
    ending = stem.rpartition(".")[2] if "." in stem else ""
    if ending in FORMATS and ending != "text":
        return ending
    markup = _MARKUP.match(top)
    if markup is not None:  # a page that says "not found" would pass for an edge or two
        checks.fail_file(name, f"what begins like HTML, XML or JSON ({markup[0].decode()!r})",
                         "an edge list or another format that is known",
                         "pass format='text' if it is an edge list all the same")
    return "text"


def _from_edge_list(
    cls: type[CSRGraph], name: str, edges: Any, num_nodes: int | None, relabel: bool | None,
    directed: Directed,
) -> CSRGraph:
    index, names = edges.edge_index, edges.names
    if index.shape[1] == 0 and num_nodes is None:
        checks.fail_file(name, "no edges", "at least one line with an edge",
                         "pass num_nodes for a graph without edges")
    as_indices = relabel is False or num_nodes is not None
    if names is not None:
        if as_indices:
            checks.fail_file(name, f"names as ids, such as {str(names[0])!r}",
                             "the indices 0, 1, 2, ..., because of num_nodes or relabel=False",
                             "leave both out to keep the names")
        num_nodes = len(names)
    elif as_indices:
        if num_nodes is None:
            num_nodes = checks.infer_num_nodes(index, name)
        checks.check_index_range(index, name, num_nodes)
    else:
        names, num_nodes = relabel_ids(index)
    return cls._from_checked(index, num_nodes, edges.weight, names, directed, source=name,
                             once=True)


def _read_mtx(
    cls: type[CSRGraph], name: str, content: Buffer, weight: Any, directed: Directed
) -> CSRGraph:
    from scipy.io import mminfo, mmread

    text = bytes(content[:])
    try:
        field = mminfo(io.BytesIO(text))[4]
        matrix = mmread(io.BytesIO(text))
    except (ValueError, OverflowError, TypeError, EOFError, OSError) as error:
        # scipy counts lines too: "Line 17: Invalid integer value".
        line = re.match(r"Line (\d+): ", str(error))
        checks.fail_file(name, str(error)[line.end() if line else 0 :] or "damaged content",
                         "a file in Matrix Market format", line=int(line[1]) if line else None)
    if isinstance(matrix, np.ndarray):
        from scipy.sparse import coo_array

        matrix = coo_array(matrix)
    if field == "pattern":
        weight = False
    return cls.from_scipy(matrix, weight=weight, directed=directed)


def _read_networkx(
    cls: type[CSRGraph], name: str, content: Buffer, kind: str, weight: Any, directed: Directed
) -> CSRGraph:
    import networkx as nx

    stream = io.BytesIO(bytes(content[:]))
    try:
        if kind == "graphml":
            graph = nx.read_graphml(stream)
        else:
            try:
                graph = nx.read_gml(stream)
            except nx.NetworkXError as error:
                if "label" not in str(error):
                    raise
                stream.seek(0)
                graph = nx.read_gml(stream, label="id")
    except Exception as error:  # parsers raise anything at all on broken files
        checks.fail_file(name, f"what networkx cannot read ({error})", f"a {kind} file")
    if weight is None or weight is True:
        some = any("weight" in data for *_, data in graph.edges(data=True))
        if weight and not some:
            checks.fail("weight", "True", "a file with weights", f"no edge of '{name}' has one")
        weight = "weight"
    elif weight is False:
        weight = None
    return cls.from_networkx(graph, weight=weight, directed=directed)
