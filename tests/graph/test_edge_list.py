"""The byte parser against a plain one, line by line, and against real files."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.graph import CSRGraph, GraphError, edge_list, read_edges

NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class BadLine(Exception):
    pass


def plain_parse(content: bytes, sep: bytes, weighted: bool, names: bool):
    """The format as documented, one line at a time."""
    edges, weights, numbers = [], [], {}
    for line_number, line in enumerate(content.split(b"\n"), 1):
        bare = line.strip(b" \t\r")
        if not bare or bare[:1] in b"#%":
            continue
        if sep == b" ":
            words = [w.rstrip(b"\r") for w in re.split(rb"[ \t]+", bare)]
        else:
            words = [w.lstrip(b" \t").rstrip(b" \t\r") for w in line.split(sep)]
        if len(words) < 2 + weighted:
            raise BadLine(line_number)
        pair = []
        for word in words[:2]:
            if names:
                if not word:
                    raise BadLine(line_number)
                pair.append(numbers.setdefault(word, len(numbers)))
            else:
                if not re.fullmatch(rb"[+-]?[0-9]+", word) or not -(2**63) <= int(word) < 2**63:
                    raise BadLine(line_number)
                pair.append(int(word))
        edges.append(pair)
        if weighted:
            if not NUMBER.fullmatch(words[2]) or not np.isfinite(float(words[2])):
                raise BadLine(line_number)
            weights.append(float(words[2]))
    names_found = [name.decode() for name in numbers] if names else None
    return np.array(edges, np.int64).reshape(-1, 2).T, weights, names_found


integers = st.one_of(
    st.integers(0, 30), st.integers(0, 10**10), st.integers(-50, 50),
    st.integers(2**63 - 12, 2**63 - 1), st.integers(-(2**63), -(2**63) + 12),
).map(str)
bad_words = st.one_of(
    st.sampled_from(["", "-", "+", "1.0", "1e3", "x", "0x1", "1_0", "9" * 19, "9" * 40,
                     "-9223372036854775809", "9223372036854775808", "٣", "{}", "nan"]),
    st.text("0123456789.e+-#%x", max_size=6),
)
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map("{:.20g}".format), st.integers(-9, 9).map(str),
    st.integers(0, 10**25).map("{}.5e-10".format),
    st.sampled_from(["1e-400", "5e-324", ".5", "3."]),
)
bad_numbers = st.sampled_from(["nan", "inf", "-Infinity", "1e999", "", ".", "1e", "--1", "{}"])
names = st.text("abcé-1.é漢", min_size=1, max_size=4)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, bool, bool]:
    sep = draw(st.sampled_from([" ", "\t", ",", ";"]))
    weighted, as_names = draw(st.booleans()), draw(st.booleans())
    flawed = draw(st.booleans())
    ids = names if as_names else integers

    def line() -> str:
        kind = draw(st.integers(0, 11))
        if kind == 0:
            return draw(st.sampled_from(["", "  ", "\t", "# a", "  % 1 2", "#"]))
        word = bad_words if flawed and kind == 1 else ids
        last = bad_numbers if flawed and kind == 2 else numbers
        words = [draw(word), draw(ids)] + [draw(last)] * weighted
        if flawed and kind == 3:
            words.pop()
        words += draw(st.sampled_from([[], [], ["{}"], ["7", "more"]])) if kind > 3 else []
        gap = sep
        if kind > 8:
            gap = draw(st.sampled_from([" ", "  ", "\t ", " \t"])) if sep == " " else (
                draw(st.sampled_from([f" {sep}", f"{sep} ", f"  {sep}  "])))
        pad = draw(st.sampled_from(["", "", "", " ", "   "]))
        return pad + gap.join(words) + draw(st.sampled_from(["", "", "", " ", "\r"]))

    lines = [line() for _ in range(draw(st.integers(0, 12)))]
    text = draw(st.sampled_from(["\n", "\n", "\r\n"])).join(lines)
    return (text + draw(st.sampled_from(["", "\n"]))).encode(), sep, weighted, as_names


@given(files(), st.sampled_from([1, 16, 1 << 20]))
def test_parser_agrees_with_plain_parser(
    file: tuple[bytes, str, bool, bool], block_bytes: int
) -> None:
    content, sep, weighted, as_names = file
    options = {"sep": sep, "header": False, "ids": "str" if as_names else "int",
               "weight": 2 if weighted else False}
    with mock.patch.object(edge_list, "BLOCK_BYTES", block_bytes):
        try:
            index, weights, found = plain_parse(content, sep.encode(), weighted, as_names)
        except BadLine as bad:
            with pytest.raises(GraphError) as raised:
                read_edges(content, **options)
            # A file whose first line has no third column may also be told so at once.
            message = str(raised.value)
            assert f"<bytes>:{bad}:" in message or "argument 'weight'" in message
            return
        if weighted and index.shape[1] == 0:
            return  # no line says how many columns there are
        edges = read_edges(content, **options)
    np.testing.assert_array_equal(edges.edge_index, index)
    if weighted:
        np.testing.assert_array_equal(edges.weight, np.array(weights))
    else:
        assert edges.weight is None
    if as_names and found:
        assert edges.names is not None and edges.names.tolist() == found


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99),
                       st.sampled_from(["0.5", "2", "1e3"])), min_size=2, max_size=9),
    st.sampled_from([" ", "\t", ",", ";", ", ", "  "]), st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "source{0}target{0}weight", "id1{0}id2{0}Weight"]),
    st.sampled_from(["", "# made by hand", "% asym\n# two"]), st.booleans(), st.booleans(),
    st.booleans(),
)
def test_layout_is_found(
    rows: list[tuple[int, int, str]], sep: str, newline: str, header: str, comment: str,
    packed: bool, mark: bool, as_names: bool,
) -> None:
    prefix = "n" if as_names else ""
    lines = comment.split("\n") if comment else []
    lines += [header.format(sep)] if header else []
    lines += [f"{prefix}{u}{sep}{prefix}{v}{sep}{w}" for u, v, w in rows]
    content = (b"\xef\xbb\xbf" if mark else b"") + newline.join(lines).encode()
    edges = read_edges(gzip.compress(content) if packed else content)
    index = np.array([row[:2] for row in rows]).T
    if as_names:
        assert edges.names is not None
        assert [[edges.names[i] for i in end] for end in edges.edge_index.tolist()] == [
            [f"n{i}" for i in end] for end in index.tolist()]
    else:
        assert edges.names is None
        np.testing.assert_array_equal(edges.edge_index, index)
    assert edges.weight is not None
    assert edges.weight.tolist() == [float(row[2]) for row in rows]


@given(st.lists(st.tuples(*[st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r\0"), min_size=1)] * 2), min_size=1))
def test_quoted_names(pairs: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(pairs)
    edges = read_edges(text.getvalue().encode(), sep=",", header=False, ids="str")
    assert edges.names is not None
    names = edges.names.tolist()
    assert [(names[u], names[v]) for u, v in edges.edge_index.T.tolist()] == pairs


@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
def test_many_names(block_bytes: int) -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 90_000, (100_000, 2))
    content = "\n".join(f"gene-{u},gene-{v}" for u, v in pairs.tolist()).encode()
    with mock.patch.object(edge_list, "BLOCK_BYTES", block_bytes):
        edges = read_edges(content)
    _, first = np.unique(pairs.ravel(), return_index=True)
    order = pairs.ravel()[np.sort(first)]
    assert edges.names is not None
    assert edges.names.tolist() == [f"gene-{i}" for i in order.tolist()]
    np.testing.assert_array_equal(order[edges.edge_index], pairs.T)


def test_columns_by_name_and_position() -> None:
    content = b"id,Target,source,note,score\n1,5,6,,0.5\n2,6,7,x,1.5\n"
    edges = read_edges(content, weight="score")
    assert edges.edge_index.tolist() == [[6, 7], [5, 6]]
    assert edges.weight is not None and edges.weight.tolist() == [0.5, 1.5]
    assert read_edges(content).weight is None
    again = read_edges(content, weight=4).weight
    assert again is not None and again.tolist() == [0.5, 1.5]


def test_header_can_be_forced() -> None:
    assert read_edges(b"a b\nc d\n").edge_index.shape == (2, 2)
    assert read_edges(b"a b\nc d\n", header=True).edge_index.shape == (2, 1)
    assert read_edges(b"source target\nc d\n").edge_index.shape == (2, 1)
    assert read_edges(b"source target\nc d\n", header=False).edge_index.shape == (2, 2)
    assert read_edges(b"1 2\n3 4\n", header=True).edge_index.tolist() == [[3], [4]]


@pytest.mark.parametrize(("content", "options", "message"), [
    (b"0 1\n1 2\nx 3\n", {}, "<bytes>:3: got 'x', expected an integer id"),
    (b"# c\nsource target\n0 1\n\n7\n", {}, r"<bytes>:5: got 1 column, expected 2 \(source,"),
    (b"2.08e+02\n2.08e+02\n", {}, r"<bytes>:1: got 1 column, expected 2 \(source, target"),
    (b"0,1,0.5\n1,2\n", {}, "<bytes>:2: got 2 columns, expected 3.*weight=False"),
    (b"0,1,0.5\n1,2,{}\n", {}, "<bytes>:2: got '{}', expected a number.*weight=False"),
    (b"0,1,0.5\n1,2,nan\n", {}, "<bytes>:2: got 'nan', expected a finite weight"),
    (b"0,1,0.5\n1,2,1.7976e308\n3,4,1e309", {}, "<bytes>:3: .*finite"),
    (b"0,1\n1,9223372036854775808\n", {}, "<bytes>:2: .*64 bits.*ids='str'"),
    (b"a,b\n,c\n", {}, "<bytes>:2: got nothing in column 1, expected an id"),
    (b'a,b\n"c,d\n', {}, "<bytes>:2: .*closing quote"),
    (b'a,b\n"c"x,d\n', {}, "<bytes>:2: .*closing quote"),
    (b"a," + b"x" * 70000, {}, "<bytes>:1: got a name beginning 'xxx.*at most 65536 bytes"),
    (b"\x89PNG\0\0", {}, "<bytes>: got a binary file, expected text"),
    ("0 1\n".encode("utf-16"), {}, "<bytes>: got a binary file.*UTF-8"),
    (b"\x1f\x8b\x08garbage", {}, "<bytes>: got damaged gzip data"),
    (gzip.compress(b"0 1\n" * 99)[:-9], {}, "<bytes>: got damaged gzip data"),
    (b"0 1\n", {"sep": "ab"}, "argument 'sep': got 'ab', expected one ASCII character"),
    (b"0 1\n", {"ids": "hex"}, "argument 'ids': got 'hex', expected one of"),
    (b"0 1\n", {"weight": "w"}, "argument 'weight': got 'w', expected a column of a file with"),
    (b"a b c\n1 2 3\n", {"weight": "w"}, "argument 'weight': got 'w', expected.* of a, b, c"),
    (b"0 1\n", {"weight": 2}, "argument 'weight': got column 2, expected a column below 2"),
    (b"0 1\n", {"weight": True}, "<bytes>: got 2 columns, expected a column of weights"),
])
def test_bad_files(content: bytes, options: dict, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read_edges(content, **options)


def test_line_numbers_of_files(tmp_path: Path) -> None:
    good = b"# head\nSource,Target\n" + b"10,20\n" * 400_000
    path = tmp_path / "edges.csv.gz"
    path.write_bytes(gzip.compress(good + b"30;40\n" + b"1,2\n" * 300_000, 1))
    with pytest.raises(GraphError, match=re.escape(f"{path}:400003: got 1 column")):
        read_edges(path)


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "edges"
    path.write_bytes(b"3 4")
    with open(path) as text, open(path, "rb") as raw:
        for source in (path, str(path), text, raw, b"3 4", bytearray(b"3 4"), io.BytesIO(b"3 4")):
            assert read_edges(source).edge_index.tolist() == [[3], [4]]
    with pytest.raises(GraphError, match=r"missing\.txt: got no such file, expected a file"):
        read_edges(tmp_path / "missing.txt")
    with pytest.raises(GraphError, match="a file that can be read"):
        read_edges(tmp_path)
    with pytest.raises(TypeError, match="argument 'source': got list"):
        read_edges([(0, 1)])
    for empty in (b"", b"\n\n", b"# only\n% comments", b"source,target\n"):
        assert read_edges(empty).edge_index.shape == (2, 0)


@pytest.mark.parametrize("content", [
    b"1,2\r2,3\n4,5\r5,6\n", b"1,2\r2,3\r4,5\r5,6", b"1,2\r\n2,3\r4,5\n5,6\r\n",
    b"1,2\r2,3\r4,5\r5,6\r\n", b"source,target\r1,2\n2,3\r4,5\n5,6",
])
def test_returns_end_lines(content: bytes) -> None:
    assert read_edges(content).edge_index.T.tolist() == [[1, 2], [2, 3], [4, 5], [5, 6]]


@pytest.mark.parametrize("word", [b"nan", b"NaN", b"inf", b"-Infinity"])
def test_first_weight_that_is_not_finite(word: bytes) -> None:
    """It is a weight all the same: the column is not passed over."""
    content = b"1 2 " + word + b"\n2 3 0.5\n"
    with pytest.raises(GraphError, match=r"<bytes>:1: .*a finite weight.*weight=False"):
        read_edges(content)
    assert read_edges(content, weight=False).weight is None


def test_names_with_a_zero_byte() -> None:
    with pytest.raises(GraphError, match=r"<bytes>:2001: got a zero byte"):
        read_edges(b"anna bob\n" * 2000 + b"anna\0 bob\n")


@pytest.mark.parametrize(("content", "edges", "weight"), [
    (b",a,b\n0,5,6\n1,6,7\n", [[5, 6], [6, 7]], None),
    (b",a,b,weight\n0,5,6,2\n1,6,7,3\n", [[5, 6], [6, 7]], [2.0, 3.0]),
    (b",target,source\n0,5,6\n1,6,7\n", [[6, 5], [7, 6]], None),
])
def test_numbers_of_rows_are_no_nodes(content: bytes, edges: list, weight: list | None) -> None:
    """What ``DataFrame.to_csv`` writes."""
    found = read_edges(content)
    assert found.edge_index.T.tolist() == edges
    assert (None if found.weight is None else found.weight.tolist()) == weight


def test_quotes_between_blanks() -> None:
    edges = read_edges(b'"Ann Lee" "Bob 3" 0.5\n"Bob 3" x 2\n')
    assert edges.names.tolist() == ["Ann Lee", "Bob 3", "x"]
    assert edges.weight.tolist() == [0.5, 2.0]
    assert read_edges(b'"New York" 5\n5 7\n').names.tolist() == ["New York", "5", "7"]


def test_names_that_begin_like_comments_are_written_so_that_they_read_back(tmp_path: Path) -> None:
    graph = CSRGraph.read(b'"#a",y,2.5\n"%b",y,1\n', header=False)
    for sep in ("\t", ",", " "):
        graph.write_edges(tmp_path / "edges", sep=sep)
        again = CSRGraph.read(tmp_path / "edges", header=False)
        assert again.ids.tolist() == ["#a", "y", "%b"]
        assert again.to_edges().tolist() == graph.to_edges().tolist()
        assert again.weight.tolist() == graph.weight.tolist()
