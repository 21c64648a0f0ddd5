"""The reference explains every reason that a condition can have; the debugging guide names what there is."""

import ast
from pathlib import Path

from trimtab_functions.capacity import outcomes
from trimtab_functions.develop import crossplane_cli, recording

PAGES = Path(__file__).parents[3] / "docs" / "functions"
GUIDE = (PAGES / "develop.md").read_text("utf-8")
REFERENCE = (PAGES / "capacity.md").read_text("utf-8")


def test_every_condition_and_reason_is_explained() -> None:
    tree = ast.parse(Path(outcomes.__file__).read_text("utf-8"))
    told = {
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    assert {"PlanUsable", "PlanFound", "KeptRunning"} <= told
    assert {each for each in told if f"`{each}`" not in REFERENCE} == set()


def test_it_names_the_variables_and_bounds_as_they_are() -> None:
    assert f"`{recording.FOLDER_VARIABLE}`" in GUIDE
    assert f"`{crossplane_cli.BINARY_VARIABLE}`" in GUIDE
    assert f"`{crossplane_cli.CORE_VARIABLE}`" in GUIDE
    assert f"newest {recording.MOST_FILES} files" in GUIDE
    assert f"{recording.MOST_BYTES // 2**20} MiB" in GUIDE
