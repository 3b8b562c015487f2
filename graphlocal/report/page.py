"""A page of sections, and what a section is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Protocol

from .style import CSS


class Block(Protocol):
    """Anything a section can hold."""

    def html(self) -> str: ...


@dataclass(frozen=True)
class Command:
    """What a reader types to make a picture again.

    Args:
        text: The lines.
        language: ``"shell"`` or ``"python"``.

    Example:
        >>> Command("graphlocal --version").html()
        '<pre class="shell"><code>graphlocal --version</code></pre>'
    """

    text: str
    language: str = "shell"

    def html(self) -> str:
        return f'<pre class="{escape(self.language)}"><code>{escape(self.text)}</code></pre>'


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the first cell of a row names it.

    Args:
        caption: What it shows.
        head: One cell a column.
        rows: Cells of each row.
        note: Follows the caption in a softer colour.

    Example:
        >>> "<td>&lt;2</td>" in Table("Counts.", ["", "nodes"], [["core", "<2"]]).html()
        True
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def html(self) -> str:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.head)
        rows = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
            for name, *cells in self.rows)
        caption = _caption(self.caption, self.note)
        return (f'<div class="scroll"><table><caption>{caption}</caption>'
                f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")


@dataclass(frozen=True)
class Figure:
    """A picture with its caption.

    Args:
        svg: The picture, as a chart of this room gives it; all else is escaped.
        caption: What it shows.
        note: Follows the caption in a softer colour.
        commands: What makes it again.
        legend: Colour variable and text of each entry.
        wide: Whether a narrow screen scrolls it sideways, where it would be too small to read.

    Example:
        >>> Figure("<svg/>", "Degrees.").html()
        '<figure><svg/><figcaption><b>Degrees.</b></figcaption></figure>'
    """

    svg: str
    caption: str
    note: str = ""
    commands: Sequence[Command] = ()
    legend: Sequence[tuple[str, str]] = ()
    wide: bool = False

    def html(self) -> str:
        legend = "".join(
            f'<li><i style="background:var(--{escape(colour)})"></i>{escape(text)}</li>'
            for colour, text in self.legend)
        legend = f'<ul class="legend">{legend}</ul>' if legend else ""
        made = "".join(command.html() for command in self.commands)
        made = f'<p class="made">Made with</p>{made}' if made else ""
        caption = _caption(self.caption, self.note)
        svg = self.svg
        if self.wide:
            svg = f'<div class="scroll"><div class="wide">{svg}</div></div>'
        return f"<figure>{svg}{legend}<figcaption>{caption}</figcaption>{made}</figure>"


@dataclass(frozen=True)
class Pair:
    """Two blocks beside each other where there is room.

    Args:
        left: The first.
        right: The second, below it on a narrow screen.

    Example:
        >>> Pair(Command("a"), Command("b")).html().startswith('<div class="pair">')
        True
    """

    left: Block
    right: Block

    def html(self) -> str:
        return f'<div class="pair">{self.left.html()}{self.right.html()}</div>'


@dataclass(frozen=True)
class Beside:
    """A figure with its caption beside it instead of below, where a pair lacks the second.

    Args:
        figure: The figure.

    Example:
        >>> Beside(Figure("<svg/>", "Degrees.")).html().startswith('<figure class="beside">')
        True
    """

    figure: Figure

    def html(self) -> str:
        return self.figure.html().replace("<figure>", '<figure class="beside">', 1)


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph, and blocks.

    Args:
        title: The heading.
        text: The paragraph.
        blocks: What follows it.
        chapter: Whether it opens a part of the page that has sections of its own.

    Example:
        >>> Section("Degrees", "Few & many.").html()
        '<section><h2>Degrees</h2><p>Few &amp; many.</p></section>'
    """

    title: str
    text: str
    blocks: Sequence[Block] = ()
    chapter: bool = False

    def html(self) -> str:
        kind = ' class="chapter"' if self.chapter else ""
        return (f"<section{kind}><h2>{escape(self.title)}</h2><p>{escape(self.text)}</p>"
                + "".join(block.html() for block in self.blocks) + "</section>")


@dataclass(frozen=True)
class Fact:
    """A figure for the head of the page.

    Args:
        name: What it is.
        value: Its value.
        extra: Set small beside it.

    Example:
        >>> Fact("Edges", "78").html()
        '<div><dt>Edges</dt><dd>78</dd></div>'
    """

    name: str
    value: str
    extra: str = ""

    def html(self) -> str:
        extra = f" <small>{escape(self.extra)}</small>" if self.extra else ""
        return f"<div><dt>{escape(self.name)}</dt><dd>{escape(self.value)}{extra}</dd></div>"


@dataclass(frozen=True)
class Page:
    """One self-contained HTML file: text is escaped, and the browser may load nothing.

    Args:
        kicker: A line above the title.
        title: The title.
        lead: The first paragraph.
        facts: Figures below it.
        sections: What follows.
        footer: Closing lines.
        notes: Small print below the figures.

    Example:
        >>> page = Page("kicker", "a < b", "lead", sections=[Section("One", "Text.")])
        >>> "<h1>a &lt; b</h1>" in page.html(), "<h2>One</h2>" in page.html()
        (True, True)
    """

    kicker: str
    title: str
    lead: str
    facts: Sequence[Fact] = ()
    sections: Sequence[Section] = ()
    footer: Sequence[str] = field(default=())
    notes: Sequence[str] = ()

    def html(self) -> str:
        """The file."""
        facts = "".join(fact.html() for fact in self.facts)
        facts = f'<dl class="facts">{facts}</dl>' if facts else ""
        footer = "".join(f"<p>{escape(line)}</p>" for line in self.footer)
        notes = "".join(f'<p class="notes">{escape(line)}</p>' for line in self.notes)
        return "\n".join([
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none';style-src 'unsafe-inline';img-src data:\">",
            f"<title>{escape(self.title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>",
            f'<header><p class="kicker">{escape(self.kicker)}</p><h1>{escape(self.title)}</h1>',
            f'<p class="lead">{escape(self.lead)}</p>{facts}{notes}</header>',
            *(section.html() for section in self.sections),
            f"<footer>{footer}</footer>\n</main>\n</body>\n</html>\n",
        ])


def _caption(title: str, note: str) -> str:
    return f"<b>{escape(title)}</b>" + (f" {escape(note)}" if note else "")
