"""docs/storage.md and its examples: the programs preview, and the page says what code and tables say."""

import re

import pytest

from support.examples import DOCS, example
from support.recorded import of
from trimtab.plan.storage import INTENTS
from trimtab.pricing.book import built_in_book
from trimtab.provision.storage.classes import USUAL
from trimtab.provision.storage.lifecycle import USUAL as AGEING
from trimtab.storage.backends import backends, suiting
from trimtab.storage.prices import price_of
from trimtab_components.storage import classes

PAGE = (DOCS / "storage.md").read_text("utf-8")


def table(first: str) -> list[list[str]]:
    """The rows of the page's table whose heading begins with that column, and another."""
    lines = PAGE[PAGE.index(first) :].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    end = next(i for i, line in enumerate(lines) if not line.startswith("|"))
    return rows[2:end]


def test_the_table_of_backends_is_the_catalogues() -> None:
    rows = table("| intent | aws |")
    assert [row[0] for row in rows] == list(INTENTS)
    for intent, row in zip(INTENTS, rows, strict=True):
        for provider, cell in zip(("aws", "azure", "gcp"), row[1:], strict=True):
            found = [each.id for each in suiting(intent, provider) if each.provider]
            assert cell == ", ".join(found), (intent, provider)


def test_the_prices_are_the_books() -> None:
    for name, region, usd in table("| backend | region |"):
        backend = backends()[name]
        price = price_of(backend, region, built_in_book(), backend.intents[0])
        assert price.gib[0].usd == float(usd), name


def test_what_an_intent_means_for_objects_is_the_tables() -> None:
    for intents, *cells in table("| intent | S3 |"):
        for intent in intents.split(", "):
            for provider, cell in zip(("aws", "gcp", "azure"), cells, strict=True):
                rule = AGEING[provider][intent]  # type: ignore[index]
                steps = dict(re.findall(r"([A-Za-z_]+) (\d+)", cell.replace("at once", "0")))
                if rule.expire_days:
                    assert cell == f"dropped after {rule.expire_days}"
                else:
                    assert {k: int(v) for k, v in steps.items()} == rule.transitions


def test_every_argument_and_setting_is_on_the_page() -> None:
    for name in (*classes.StorageClassesArgs.__annotations__, "rules", "existing", "containers",
                 "autoclass", "noncurrent_days", "abort_days"):  # fmt: skip
        if name not in ("plan", "site", "zones", "labels", "delivery"):
            assert name in PAGE, name


@pytest.mark.parametrize(("name", "kinds"), [
    ("storage", {"StorageClass": 5, "VolumeSnapshotClass": 1, "VolumeAttributesClass": 2,
                 "FileSystem": 1, "LustreFileSystem": 1, "Bucket": 3, "Addon": 5}),
    ("storage-gcp", {"StorageClass": 3, "VolumeSnapshotClass": 1, "Bucket": 2, "Addon": 0}),
])  # fmt: skip
def test_the_examples_make_what_their_plans_say(name: str, kinds: dict[str, int]) -> None:
    records = example(name)
    assert {kind: len(of(records, kind)) for kind in kinds} == kinds


def test_the_usual_classes_are_the_pages() -> None:
    assert USUAL["aws"] == ("hot", "cold", "snapshot")
    assert USUAL["azure"] == USUAL["gcp"] == ("hot", "cold", "shared", "snapshot")
