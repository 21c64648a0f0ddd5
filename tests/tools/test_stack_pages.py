"""Every stack's page is what the stack previews today."""

import pytest

from tools.environments import ROOT
from tools.stack_pages import StackPage, stack_pages, stale_pages, text_of


@pytest.mark.parametrize("stack", stack_pages(), ids=lambda stack: stack.path.stem)
def test_a_page_is_what_its_stack_previews(stack: StackPage) -> None:
    path = ROOT / stack.path
    assert path.is_file(), f"{stack.path} is missing: run `make docs`"
    current = path.read_text("utf-8") == text_of(stack)
    assert current, f"{stack.path} is not what the stack previews now: run `make docs`"


def test_every_stack_has_a_page_and_every_page_a_stack() -> None:
    pages = [stack.path for stack in stack_pages()]
    assert len(set(pages)) == len(pages)
    assert {"aws", "local"} <= {path.stem for path in pages}
    assert stale_pages() == [], "run `make docs`"
