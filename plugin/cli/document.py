"""A plain document of headings, paragraphs and tables, as Markdown or for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Paragraph | Table


def as_markdown(blocks: Iterable[Block]) -> str:
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def as_text(blocks: Iterable[Block]) -> str:
    """A table's rows one below the other: two cells in one line, more each after the name of its column."""
    return "\n\n".join(_text(block) for block in blocks)


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Paragraph):
        return block.text
    lines = [block.heads, ["---"] * len(block.heads), *block.rows]
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def _text(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{block.text}\n{('=' if block.level == 1 else '-') * len(block.text)}"
    if isinstance(block, Paragraph):
        return textwrap.fill(block.text, _WIDTH)
    return "\n".join(line for row in block.rows for line in _row(block.heads, row))


def _row(heads: Sequence[str], row: Sequence[str]) -> list[str]:
    if len(row) == 2:
        return _wrapped(f"{row[0]}: {row[1]}", "* ")
    lines = _wrapped(row[0], "* ")
    for head, cell in zip(heads[1:], row[1:], strict=True):
        lines += _wrapped(f"{head}: {cell}", "    ") if cell else []
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    after = " " * (len(indent) + 2)
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=after, break_on_hyphens=False)
