"""Price tables: what is read, and what each wrong row says."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.catalogue.reader import BUILT_IN, load_offers, parse_offers
from trimtab.errors import InputError
from trimtab.files import sha256

HEADER = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,"
    "on_demand_usd_hour,spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source"
)
GPU = "aws,us-east-1,p4d.24xlarge,96,1152,a100-40gb,8,21.95,9.1,,,2026-07-20,list price"
CPU = "aws,us-east-1,m7g.large,2,8,,,0.0816,0.03,0.05,0.035,2026-07-20,list price"
REAL = Path(__file__).parents[4] / "shared" / "data" / "prices" / "offers.csv"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def test_a_row_becomes_an_offer() -> None:
    catalogue = parse_offers(table(GPU), "offers.csv")
    assert catalogue.offers == (
        Offer(
            provider="aws",
            region="us-east-1",
            instance_type="p4d.24xlarge",
            vcpu=96.0,
            memory_gib=1152.0,
            accelerator="a100-40gb",
            accelerator_count=8.0,
            architecture="x86_64",
            on_demand_usd_per_hour=21.95,
            spot_usd_per_hour=9.1,
            reserved_1y_usd_per_hour=None,
            reserved_3y_usd_per_hour=None,
            interruption_band=None,
            gco2e_per_hour=None,
            as_of=date(2026, 7, 20),
            source="list price",
        ),
    )


def test_an_offer_made_by_the_reader_behaves_as_any_other() -> None:
    (offer,) = parse_offers(table(CPU), "offers.csv").offers
    assert offer.architecture == "arm64"
    assert hash(offer) == hash(replace(offer))
    assert replace(offer, region="eu-west-1").region == "eu-west-1"
    with pytest.raises(AttributeError):
        offer.region = "eu-west-1"  # type: ignore[misc]


def test_optional_columns_in_any_order() -> None:
    text = table(
        "60.5,arm64,5,10," + GPU,
        ",,,," + CPU,
        header="gco2e_per_hour,architecture,interruption_band_low_percent,"
        "interruption_band_high_percent," + HEADER,
    )
    first, second = parse_offers(text, "offers.csv").offers
    assert first.gco2e_per_hour == 60.5
    assert first.architecture == "arm64"
    assert first.interruption_band == InterruptionBand(5.0, 10.0)
    assert (second.gco2e_per_hour, second.interruption_band) == (None, None)


@pytest.mark.parametrize(
    "row",
    [
        GPU.replace("21.95", ""),
        GPU.replace("9.1", "30"),  # spot dearer than on-demand is a fact of some markets
        GPU.replace(",8,", ",0.5,"),
        GPU.replace(",8,", ",,"),
        GPU.replace("a100-40gb", "NVIDIA-A100-SXM4-40GB"),
        GPU.replace("list price", '"list price, rounded\non two lines"'),
        GPU.replace("21.95", " 21.95 "),
    ],
)
def test_accepted_rows(row: str) -> None:
    assert len(parse_offers(table(row, CPU), "offers.csv")) == 2


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        (GPU.replace("21.95", "0"), "on_demand_usd_hour", "'0' is not a positive number"),
        (GPU.replace("21.95", "-3"), "on_demand_usd_hour", "not a positive number"),
        (GPU.replace("21.95", "NaN"), "on_demand_usd_hour", "not a positive number"),
        (GPU.replace("9.1", "inf"), "spot_usd_hour", "not a positive number"),
        (GPU.replace("9.1", "$9.1"), "spot_usd_hour", "'$9.1' is not a number"),
        (GPU.replace("21.95", "2195000"), "on_demand_usd_hour", "write it below 100,000"),
        (GPU.replace(",96,", ",0,"), "vcpu", "not a positive number"),
        (GPU.replace("1152", "many"), "memory_gib", "'many' is not a number"),
        (GPU.replace("a100-40gb", "a100"), "accelerator", "use one of a100-40gb, a100-80gb"),
        (GPU.replace("a100-40gb", "a1000"), "accelerator", "did you mean a100?"),
        (GPU.replace("a100-40gb", ""), "accelerator_count", "name the accelerator too"),
        (GPU.replace("aws", "AWS"), "provider", "a provider in lower case"),
        (GPU.replace("us-east-1", ""), "region", "is blank"),
        (GPU.replace("2026-07-20", "20/07/2026"), "as_of", "as 2026-01-31"),
        (GPU.replace("2026-07-20", ""), "as_of", "is blank"),
        (GPU.replace("2026-07-20", "2026-02-30"), "as_of", "is not a date"),
        (CPU, "instance_type", "m7g.large in aws us-east-1 stands twice"),
    ],
)
def test_a_bad_row_names_line_column_and_mend(row: str, column: str, says: str) -> None:
    quoted = CPU.replace("list price", '"a source,\non two lines"')
    with pytest.raises(InputError) as caught:
        parse_offers(table(quoted, row), "offers.csv")
    assert caught.value.where == f"offers.csv, line 4, column {column}"
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ("riscv,,,", "architecture", "write x86_64, arm64"),
        (",5,,", "interruption_band_high_percent", "is blank"),
        (",,10,", "interruption_band_low_percent", "is blank"),
        (",20,10,", "interruption_band_low_percent", "swap them"),
        (",5,101,", "interruption_band_high_percent", "not a percentage"),
        (",x,10,", "interruption_band_low_percent", "not a percentage"),
        (",,,0", "gco2e_per_hour", "leave it blank where it is unknown"),
        (",,,-1", "gco2e_per_hour", "not a positive number"),
    ],
)
def test_a_bad_optional_cell(cells: str, column: str, says: str) -> None:
    header = (
        HEADER + ",architecture,interruption_band_low_percent,interruption_band_high_percent,"
        "gco2e_per_hour"
    )
    with pytest.raises(InputError) as caught:
        parse_offers(table(f"{CPU},,,,", f"{GPU},{cells}", header=header), "offers.csv")
    assert caught.value.where == f"offers.csv, line 3, column {column}"
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "offers.csv: is empty; start it with provider,region"),
        (table(), "offers.csv: has no offers"),
        (table(GPU).replace("as_of", "asof"), "line 1: unknown column 'asof'; did you mean as_of?"),
        (table(GPU).replace(",source", ",vcpu", 1), "line 1: column vcpu stands twice"),
        (
            "\n".join(line.rpartition(",")[0] for line in table(GPU).splitlines()),
            "line 1: column source is missing",
        ),
        (table(CPU, GPU + ",x"), "line 3: has 14 fields, the header 13"),
        (table(GPU.replace("list", '"list')), "is not CSV"),
    ],
)
def test_a_bad_table(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_offers(text, "offers.csv")
    assert says in str(caught.value)


def test_blank_lines_do_not_shift_the_line_number() -> None:
    with pytest.raises(InputError, match="line 5, column spot_usd_hour"):
        parse_offers(table("", CPU, "", GPU.replace("9.1", "x")), "offers.csv")


def test_the_digest_is_of_the_files_bytes(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + table(GPU).encode())
    catalogue = load_offers(path)
    assert catalogue.source == str(path)
    assert catalogue.digest == sha256(path.read_bytes())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        load_offers(tmp_path / "none.csv")


def test_the_built_in_table_is_read() -> None:
    catalogue = load_offers()
    assert catalogue.source == BUILT_IN
    assert {offer.provider for offer in catalogue} == {"aws", "gcp", "azure"}


@pytest.mark.skipif(not REAL.exists(), reason="the shared price table is not beside the repository")
def test_the_real_table_is_read_whole_and_unchanged() -> None:
    catalogue = load_offers(REAL)
    with REAL.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(catalogue) == len(rows)
    for offer, row in zip(catalogue, rows, strict=True):
        assert (offer.provider, offer.region) == (row["provider"], row["region"])
        assert offer.instance_type == row["instance_type"]
        assert offer.on_demand_usd_per_hour == float(row["on_demand_usd_hour"])
        assert offer.spot_usd_per_hour == (float(row["spot_usd_hour"] or 0) or None)
        assert offer.memory_gib == (float(row["memory_gib"] or 0) or None)
        assert (offer.accelerator or "") == row["accelerator"]
