"""The objects in docs/karpenter.md, as its example's program makes them.

    python -m tests.support.karpenter_page

writes them anew. A block is marked by the comment before it: `<!-- NodePool serving-spot-9b21d4 -->` for an
object without metadata's labels, with `, only replicas limits` for some parts of its spec.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from trimtab.preview.records import PreviewRequest, ResourceRecord
from trimtab_components.engines.recorder import record

REPO = Path(__file__).resolve().parents[2]
PAGE = REPO / "docs" / "karpenter.md"
EXAMPLE = REPO / "docs" / "examples" / "karpenter"
_BLOCK = re.compile(
    r"<!-- (?P<kind>\w+) (?P<name>[\w-]+)(?:, only (?P<only>[\w ]+))? -->\n```yaml\n(.*?)```", re.S
)


@cache
def records() -> tuple[ResourceRecord, ...]:
    """What the example's program registers."""
    return record(PreviewRequest(EXAMPLE, "prod")).records


def filled(text: str) -> str:
    """The page with every marked block as the program makes it."""
    return _BLOCK.sub(lambda block: _block(block["kind"], block["name"], block["only"]), text)


def marked(text: str) -> list[tuple[str, str]]:
    """Kind and name of the marked blocks."""
    return [(block["kind"], block["name"]) for block in _BLOCK.finditer(text)]


def _block(kind: str, name: str, only: str | None) -> str:
    (found,) = [
        each.inputs
        for each in records()
        if each.type.rpartition(":")[2] == kind and each.inputs["metadata"]["name"] == name
    ]
    shown: dict[str, Any] = {
        "apiVersion": found["apiVersion"],
        "kind": kind,
        "metadata": {"name": name},
    }
    if "namespace" in found["metadata"]:
        shown["metadata"]["namespace"] = found["metadata"]["namespace"]
    for part in ("spec", "template"):
        if part in found:
            shown[part] = found[part]
    if only:
        shown["spec"] = {key: found["spec"][key] for key in only.split()}
    body = yaml.safe_dump(shown, sort_keys=False, default_flow_style=None, width=110)
    mark = f"{kind} {name}" + (f", only {only}" if only else "")
    return f"<!-- {mark} -->\n```yaml\n{body}```"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
