"""Parts as they come: what is written, what an interruption and a failure leave, what the book reads."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trimtab.errors import EngineError, InputError
from trimtab.pricing.book import FolderLayer, PriceBook
from trimtab.pricing.book.machines import BUILT_IN_FOLDER
from trimtab.pricing.live.model import ALL, Job, MachineRow, RateRow, Row, Wanted
from trimtab.pricing.live.refresh import refresh
from trimtab.pricing.live.store import Store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
SHAPES = ("vcpu", "memory_gib")


def rate(name: str, usd: float, region: str = "us-east-1", *more: tuple[float, float]) -> RateRow:
    return RateRow(region, name, "hour", ((0.0, usd), *more), "SKU")


def machine(instance_type: str, region: str = "us-east-1", **cells: float | str) -> MachineRow:
    return MachineRow(region, instance_type, cells)


def job(
    service: str, *rows: Row | Exception, columns: tuple[str, ...] = (), **fields: object
) -> Job:
    def fetch() -> Iterator[Row]:
        for row in rows:
            if isinstance(row, BaseException):
                raise row
            yield row

    regions = fields.pop("regions", ("us-east-1",))
    return Job("aws", regions, service, f"AWS {service}", fetch, columns, **fields)  # type: ignore[arg-type]


def run(folder: Path, *jobs: Job, now: datetime = NOW, providers: tuple[str, ...] = ("aws",)):  # type: ignore[no-untyped-def]
    said: list[str] = []
    wanted = Wanted(now, providers)
    result = refresh(Store(folder), wanted, WEEK, said.append, lambda _p, _w: iter(jobs))
    return result, said


def book(folder: Path) -> PriceBook:
    return PriceBook([FolderLayer(folder), FolderLayer(BUILT_IN_FOLDER)])


def test_the_book_reads_what_is_fetched_with_its_day_and_source(tmp_path: Path) -> None:
    result, said = run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.0475)))
    assert result.fetched == {"aws/us-east-1/AmazonEC2": 1}
    assert said == ["aws/us-east-1/AmazonEC2"]
    found = book(tmp_path).rate("aws/nat-gateway/hour", "us-east-1")
    assert found is not None
    assert (found.usd, found.unit, found.as_of) == (0.0475, "hour", date(2026, 11, 23))
    assert found.source == "AWS AmazonEC2, fetched 2026-11-23"
    # Another region is the built-in table's.
    other = book(tmp_path).rate("aws/nat-gateway/hour", "us-west-2")
    assert other is not None
    assert other.as_of != date(2026, 11, 23)


def test_tiers_and_global_rates_are_read_too(tmp_path: Path) -> None:
    run(
        tmp_path,
        job("AmazonS3", rate("aws/s3/standard/storage", 0.023, "us-east-1", (51200.0, 0.022))),
        job("Route53", rate("aws/route53/zone", 0.5, "*"), regions=("*",)),
    )
    tiers = book(tmp_path).tiers("aws/s3/standard/storage", "us-east-1")
    assert tiers is not None
    assert [(tier.start, tier.rate.usd) for tier in tiers] == [(0.0, 0.023), (51200.0, 0.022)]
    zone = book(tmp_path).rate("aws/route53/zone", "eu-west-3")
    assert zone is not None
    assert (zone.usd, zone.as_of) == (0.5, date(2026, 11, 23))


def test_a_run_that_is_interrupted_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = job("AmazonEC2", rate("aws/nat-gateway/hour", 0.045))
    stopped = job("AWSELB", rate("aws/lb/application/hour", 0.0225), KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, first, stopped)
    assert list(Store(tmp_path).parts) == ["aws/us-east-1/AmazonEC2"]
    assert not list(tmp_path.rglob("*AWSELB*"))
    result, said = run(
        tmp_path, first, job("AWSELB", rate("aws/lb/application/hour", 0.0225)), now=NOW + WEEK
    )
    assert result.fresh == ["aws/us-east-1/AmazonEC2"]
    assert said == ["aws/us-east-1/AWSELB"]


def test_what_is_older_than_allowed_is_fetched_again(tmp_path: Path) -> None:
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.045)))
    later = NOW + WEEK + timedelta(seconds=1)
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.05)), now=later)
    found = book(tmp_path).rate("aws/nat-gateway/hour", "us-east-1")
    assert found is not None
    assert (found.usd, found.as_of) == (0.05, date(2026, 11, 30))


def test_a_part_that_fails_costs_no_other_and_keeps_what_it_had(tmp_path: Path) -> None:
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.045)))
    later = NOW + 2 * WEEK
    result, _ = run(
        tmp_path,
        job("AmazonEC2", rate("aws/nat-gateway/hour", 0.09), EngineError("no network")),
        job("AWSELB", rate("aws/lb/application/hour", 0.0225)),
        job("AmazonEFS", KeyError("Items")),
        now=later,
    )
    assert result.fetched == {"aws/us-east-1/AWSELB": 1}
    assert {key: str(error) for key, error in result.failed.items()} == {
        "aws/us-east-1/AmazonEC2": "no network",
        "aws/us-east-1/AmazonEFS": "AWS AmazonEFS answered what can't be read (KeyError: 'Items'); "
        "run it again; if it stays, report it",
    }
    found = book(tmp_path).rate("aws/nat-gateway/hour", "us-east-1")
    assert found is not None
    assert (found.usd, found.as_of) == (0.045, date(2026, 11, 23))


def test_an_answer_without_prices_does_not_replace_prices(tmp_path: Path) -> None:
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.045)))
    result, _ = run(tmp_path, job("AmazonEC2"), now=NOW + 2 * WEEK)
    assert "no price of aws/us-east-1/AmazonEC2" in str(result.failed["aws/us-east-1/AmazonEC2"])
    assert Store(tmp_path).parts["aws/us-east-1/AmazonEC2"].at == NOW


def test_a_service_that_a_region_lacks_is_a_fact(tmp_path: Path) -> None:
    result, _ = run(tmp_path, job("AmazonFSx"))
    assert result.fetched == {"aws/us-east-1/AmazonFSx": 0}
    result, _ = run(tmp_path, job("machines", required=True))
    assert list(result.failed) == ["aws/us-east-1/machines"]


def test_a_rate_that_is_no_longer_there_leaves_the_tables(tmp_path: Path) -> None:
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 1.0), rate("aws/xyz/hour", 2.0)))
    assert book(tmp_path).rate("aws/xyz/hour", "us-east-1")
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 1.0)), now=NOW + 2 * WEEK)
    assert book(tmp_path).rate("aws/xyz/hour", "us-east-1") is None
    assert not (tmp_path / "rates" / "aws" / "xyz" / "us-east-1.csv").exists()


def test_a_job_of_all_regions_is_fresh_as_a_whole_and_drops_those_that_went(tmp_path: Path) -> None:
    def whole(*regions: str) -> Job:
        rows = [rate("aws/nat-gateway/hour", 1.0, region) for region in regions]
        return job("AmazonEC2", *rows, regions=(ALL,))

    run(tmp_path, whole("us-east-1", "us-mars-1"))
    assert set(Store(tmp_path).parts) == {
        "aws/all/AmazonEC2",
        "aws/us-east-1/AmazonEC2",
        "aws/us-mars-1/AmazonEC2",
    }
    result, _ = run(tmp_path, whole("us-east-1"))
    assert result.fresh == ["aws/all/AmazonEC2"]
    run(tmp_path, whole("us-east-1"), now=NOW + 2 * WEEK)
    assert "aws/us-mars-1/AmazonEC2" not in Store(tmp_path).parts
    assert book(tmp_path).rate("aws/nat-gateway/hour", "us-mars-1") is None


def test_a_machine_is_put_together_of_parts_that_say_their_days(tmp_path: Path) -> None:
    columns = ("on_demand", *SHAPES)
    listed = job("machines", machine("x9.large", on_demand=0.1, vcpu=2.0), columns=columns)
    run(tmp_path, listed, job("spot", machine("x9.large", spot=0.04), columns=("spot",)))
    offer = book(tmp_path).offer("aws", "us-east-1", "x9.large")
    assert offer is not None
    assert (offer.on_demand_usd_per_hour, offer.spot_usd_per_hour) == (0.1, 0.04)
    assert (offer.vcpu, offer.as_of) == (2.0, date(2026, 11, 23))
    assert offer.source == "AWS machines, fetched 2026-11-23; AWS spot, fetched 2026-11-23"


def test_options_that_no_part_tells_are_the_built_in_ones_and_say_so(tmp_path: Path) -> None:
    before = PriceBook([FolderLayer(BUILT_IN_FOLDER)]).offer("aws", "us-east-1", "m5.large")
    assert before is not None
    kept = " and ".join(
        name
        for name in ("spot", "reserved 1y", "reserved 3y")
        if getattr(before, f"{name.replace(' ', '_')}_usd_per_hour") is not None
    )
    listed = [machine("m5.large", on_demand=0.101), machine("m5.xlarge", on_demand=0.202)]
    run(tmp_path, job("machines", *listed, columns=("on_demand",)))
    offer = book(tmp_path).offer("aws", "us-east-1", "m5.large")
    assert offer is not None
    assert offer.on_demand_usd_per_hour == 0.101
    assert offer.spot_usd_per_hour == before.spot_usd_per_hour is not None
    assert offer.source.endswith(f"; {kept}: the built-in price of {before.as_of}")
    assert (offer.vcpu, offer.memory_gib) == (2.0, 8.0)


def test_an_option_that_a_part_tells_of_others_stays_unknown(tmp_path: Path) -> None:
    listed = [machine("m5.large", on_demand=0.101), machine("m5.xlarge", on_demand=0.202)]
    spots = job("spot", machine("m5.xlarge", spot=0.07), columns=("spot",))
    folder = tmp_path / "other"
    run(folder, job("machines", *listed, columns=("on_demand",)), spots)
    offer = book(folder).offer("aws", "us-east-1", "m5.large")
    assert offer is not None
    assert offer.spot_usd_per_hour is None


def test_a_spot_price_alone_hides_no_built_in_price(tmp_path: Path) -> None:
    run(tmp_path, job("spot", machine("m5.large", spot=0.04), columns=("spot",)))
    offer = book(tmp_path).offer("aws", "us-east-1", "m5.large")
    assert offer == PriceBook([FolderLayer(BUILT_IN_FOLDER)]).offer("aws", "us-east-1", "m5.large")


def test_reservations_as_they_are_sold_go_before_those_of_the_list(tmp_path: Path) -> None:
    columns = ("on_demand", "reserved_1y")
    run(
        tmp_path,
        job("machines", machine("x9.large", on_demand=0.1, reserved_1y=0.07), columns=columns),
        job("savings-plans", machine("x9.large", reserved_1y=0.06), columns=("reserved_1y",)),
        job("reserved", machine("x9.large", reserved_1y=0.065), columns=("reserved_1y",)),
    )
    offer = book(tmp_path).offer("aws", "us-east-1", "x9.large")
    assert offer is not None
    assert offer.reserved_1y_usd_per_hour == 0.065


def test_the_same_fetch_gives_the_same_bytes(tmp_path: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        run(
            folder,
            job(
                "AmazonEC2", rate("aws/nat-gateway/hour", 0.045), rate("aws/ebs/gp3/storage", 0.08)
            ),
            job("machines", machine("x9.large", on_demand=0.1), columns=("on_demand",)),
        )
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_region_is_no_path(tmp_path: Path) -> None:
    result, _ = run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 1.0, "../../x")))
    assert "names a region '../../x'" in str(result.failed["aws/us-east-1/AmazonEC2"])


def test_two_refreshes_of_one_folder_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.locked(), pytest.raises(InputError, match="another refresh writes to it"):
        run(tmp_path, job("AmazonEC2"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 2, "parts": {}}', '{"version": 1, "parts": {"aws": {}}}'],
)
def test_a_manifest_that_cannot_be_read_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(InputError, match="is no manifest of fetched prices"):
        Store(tmp_path)


def test_the_manifest_says_when_from_where_and_how_many(tmp_path: Path) -> None:
    run(tmp_path, job("AmazonEC2", rate("aws/nat-gateway/hour", 0.045)))
    assert json.loads((tmp_path / "state.json").read_text()) == {
        "version": 1,
        "parts": {
            "aws/us-east-1/AmazonEC2": {
                "at": "2026-11-23T12:00:00Z",
                "source": "AWS AmazonEC2",
                "rows": 1,
            }
        },
    }


def test_regions_go_to_the_providers_that_have_them(tmp_path: Path) -> None:
    asked: dict[str, tuple[str, ...]] = {}

    def listed(provider: str, wanted: Wanted) -> Iterator[Job]:
        asked[provider] = wanted.regions
        yield job("AmazonEC2", rate("aws/nat-gateway/hour", 1.0))

    wanted = Wanted(NOW, (), ("us-east-1", "eastus"))
    refresh(Store(tmp_path), wanted, WEEK, lambda _: None, listed)
    assert asked == {"aws": ("us-east-1",), "azure": ("eastus",)}
    asked.clear()
    refresh(Store(tmp_path), Wanted(NOW, ("aws",), ("us-new-9",)), WEEK, lambda _: None, listed)
    assert asked == {"aws": ("us-new-9",)}
    with pytest.raises(InputError, match="no provider that is asked has a region 'us-new-9'"):
        refresh(Store(tmp_path), Wanted(NOW, (), ("us-new-9",)), WEEK, lambda _: None, listed)
    with pytest.raises(InputError, match="unknown provider 'ibm'"):
        refresh(Store(tmp_path), Wanted(NOW, ("ibm",)), WEEK, lambda _: None, listed)
    with pytest.raises(InputError, match="nothing that can be fetched is all that was asked for"):
        refresh(Store(tmp_path), Wanted(NOW), WEEK, lambda _: None, lambda _p, _w: iter(()))


def test_a_refresh_that_fetches_nothing_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    result, _ = run(folder, job("AmazonEC2", EngineError("no network")))
    assert list(result.failed) == ["aws/us-east-1/AmazonEC2"]
    assert not folder.exists()
