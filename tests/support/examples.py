"""A page's example: its program's records, the blocks that the page shows."""

import ast
import re
from typing import Any

from support.recorded import REPO, Records
from trimtab.preview.records import PreviewRequest
from trimtab_components.engines.recorder import record

DOCS = REPO / "docs"


def example(name: str, stack: str = "prod") -> Records:
    """The records of `docs/examples/<name>`."""
    return record(PreviewRequest(DOCS / "examples" / name, stack)).records


def block(page: str, language: str, index: int = 0) -> str:
    """A fenced block of a page of docs."""
    return blocks((DOCS / page).read_text("utf-8"), language)[index]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a text."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def literal(value: ast.expr) -> Any:
    """The expression's value; None where it is no literal."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None
