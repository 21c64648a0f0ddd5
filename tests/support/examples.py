"""A page's example: its program's records, the lines that the page shows, its Python's arguments."""

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
    text = (DOCS / page).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(found[index])


def arguments(source: str, component: str) -> dict[str, Any]:
    """The literal arguments that a page's Python gives a component; what is no literal is None."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == component:
            given = node.args[1]
            assert isinstance(given, ast.Dict)
            return {
                ast.literal_eval(key): _literal(value)
                for key, value in zip(given.keys, given.values, strict=True)
                if key is not None
            }
    raise AssertionError(f"no {component} in the page")


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None
