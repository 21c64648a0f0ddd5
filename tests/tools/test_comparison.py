"""The comparison claims of this project only what its links lead to, and cites every other claim."""

import re
from pathlib import Path

import pytest

from tools.environments import ROOT

PAGE = ROOT / "docs" / "comparison.md"
LINK = re.compile(r"(?<!!)\[[^\]^][^\]]*\]\(([^)\s]+)\)")


def rows() -> list[list[str]]:
    """The tables' rows that compare, as cells."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [row for row in cells if len(row) == 6 and row[1] != "Trimtab"]


def anchors(path: Path) -> set[str]:
    """The headings of a page, as GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(link: str) -> bool:
    file, _, anchor = link.partition("#")
    path = (PAGE.parent / file).resolve() if file else PAGE
    if not path.exists():
        return True
    return bool(anchor) and anchor not in anchors(path)


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = [link for link in LINK.findall(PAGE.read_text("utf-8")) if "://" not in link]
    assert len(links) > 20
    assert [link for link in links if broken(link)] == []


def test_what_this_project_claims_is_linked() -> None:
    unlinked = [
        row[0] for row in rows() if not re.match(r"no\b", row[1]) and not LINK.search(row[1])
    ]
    assert unlinked == []


def test_what_others_are_said_to_do_is_cited() -> None:
    for name, _, *others in rows():
        for cell in others:
            plain = re.match(r"no\b|none\b|n/a|not found|none found|HCL", cell)
            assert plain or "[^" in cell or "](" in cell, f"{name}: {cell}"


def test_every_note_is_there_and_used() -> None:
    text = PAGE.read_text("utf-8")
    defined = set(re.findall(r"^\[\^(\w+)\]:", text, re.MULTILINE))
    used = set(re.findall(r"\[\^(\w+)\](?!:)", text))
    assert used == defined


@pytest.mark.parametrize(
    "point",
    [
        "1. Clusters",
        "2. Pools",
        "3. Karpenter",
        "4. Accelerators",
        "5. Storage",
        "6. Edge",
        "7. Delivery, telemetry, queues and guardrails",
        "8. Stacks, cost and trust",
    ],
)
def test_every_point_has_its_table(point: str) -> None:
    assert f"## {point}\n" in PAGE.read_text("utf-8")
