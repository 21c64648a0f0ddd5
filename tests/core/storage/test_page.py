"""docs/storage-planning.md has every field of a tier, every column of claims, and the planner's constants."""

from pathlib import Path

from trimtab.plan.labels import STORAGE_TIER_LABEL, STORAGE_TIER_TAG
from trimtab.planning import storage, storage_candidates
from trimtab.storage import advice
from trimtab.storage.claims import NUMBERS, TEXTS
from trimtab.storage.document import TierSpec
from trimtab.storage.lifecycle import COLUMNS

PAGE = (Path(__file__).parents[3] / "docs" / "storage-planning.md").read_text("utf-8")


def test_every_field_of_a_tier_is_in_the_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in row.split("|")[1].replace("`", "").split(", ")}
    named = {name.strip() for name in named}
    assert {field.alias for field in TierSpec.model_fields.values()} <= named


def test_every_column_of_claims_and_objects_is_named() -> None:
    for column in (*NUMBERS, *TEXTS, *COLUMNS, "may_wait"):
        assert f"`{column}`" in PAGE, column


def test_its_figures_are_the_planners() -> None:
    for said in (
        f"grows by at least {storage_candidates.GROWTH_STEP:.0%}".replace("%", " %"),
        "paid for seven days",
        f"within {storage.PAYBACK_HOURS // 24}",
        f"fewer than {advice.LEAST_DAYS:.0f} days",
        f"nobody touched for {advice.COLD_DAYS:.0f} days",
        f"did nothing for {advice.IDLE_DAYS:.0f}",
        STORAGE_TIER_LABEL,
        STORAGE_TIER_TAG,
    ):
        assert said in PAGE, said
    assert storage.MOVE_HOURS == 7 * 24 == advice.MOVE_DAYS * 24
