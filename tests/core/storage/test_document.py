"""The StorageDemand document and its series: what is read, and what is refused with its place."""

from pathlib import Path

import pytest

from trimtab.errors import InputError
from trimtab.storage.document import load_storage
from trimtab.storage.series import read_tier_series

DOCUMENT = """\
apiVersion: trimtab.dev/v1alpha1
kind: StorageDemand
spec:
  tiers:
    - name: hot
      intent: hot
      demand: hot.csv
"""


def series(path: Path, header: str = "timestamp,gib,iops,mibps", row: str = "100,2000,50") -> None:
    rows = [f"2026-06-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,{row}" for hour in range(48)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def write(tmp_path: Path, text: str = DOCUMENT) -> Path:
    series(tmp_path / "hot.csv")
    file = tmp_path / "storage.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_tier_is_read_with_its_series(tmp_path: Path) -> None:
    found = load_storage(write(tmp_path))
    (need,) = found.tiers
    assert (need.name, need.intent, need.access, need.fill_limit) == ("hot", "hot", "one", 0.85)
    assert need.iops is not None
    assert need.mibps is not None
    assert (need.gib.demand[0], need.iops.demand[0], need.mibps.demand[0]) == (100, 2000, 50)
    assert found.series[0][0] == "hot.csv"
    assert found.digest.startswith("sha256:")


def test_shared_data_is_for_many_nodes_unless_stated(tmp_path: Path) -> None:
    text = DOCUMENT.replace("intent: hot", "intent: shared")
    assert load_storage(write(tmp_path, text)).tiers[0].access == "many"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("intent: hot", "intent: lukewarm", "line 6"),
        ("demand: hot.csv", "demand: cold.csv", "line 7, document 1, spec.tiers[0].demand: cold.csv is no"),
        ("demand: hot.csv", "demand: hot.csv\n      volume: 3", "unknown key; did you mean volumes?"),
        ("demand: hot.csv", "demand: hot.csv\n      fillLimit: 1.5", "spec.tiers[0].fillLimit: 1.5"),
        ("demand: hot.csv", "demand: hot.csv\n      backends: [gp3]", "backend gp3 is not known"),
        ("demand: hot.csv", "demand: hot.csv\n      backends: [ebs-sc1]", "ebs-sc1 does not suit hot data"),
        ("kind: StorageDemand", "kind: Storage", "kind: is Storage; write kind: StorageDemand"),
        ("name: hot", "name: Hot Tier", "spec.tiers[0].name"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_field_and_mend(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(InputError) as error:
        load_storage(write(tmp_path, DOCUMENT.replace(old, new)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_two_tiers_of_one_name_are_refused(tmp_path: Path) -> None:
    text = DOCUMENT + "    - {name: hot, intent: warm, demand: hot.csv}\n"
    with pytest.raises(InputError, match=r"hot stands twice \(first at .*line 5"):
        load_storage(write(tmp_path, text))


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("timestamp,size", "1", "has no column gib (found timestamp, size)"),
        ("timestamp,gib,iop", "1,2", "has a column 'iop' that may be meant as 'iops'"),
        ("timestamp,gib,gib", "1,2", "has the column gib twice"),
        ("timestamp,gib,iops", "1,-5", "line 2: iops is negative (-5)"),
        ("timestamp,gib", "much", "line 2: gib 'much' is not a number"),
        (
            "timestamp,gib",
            "268435456000",
            "gib reaches 2.684e+11, and no tier has more than 1.074e+09; check the units: give GiB",
        ),
    ],
)
def test_a_series_error_names_its_column_and_line(
    tmp_path: Path, header: str, row: str, said: str
) -> None:
    file = tmp_path / "hot.csv"
    series(file, header, row)
    with pytest.raises(InputError) as error:
        read_tier_series(file)
    assert said in str(error.value)
    assert str(error.value).startswith(str(file))


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from datetime import UTC, datetime, timedelta

    start = datetime(2026, 6, 1, tzinfo=UTC)
    times = [start + timedelta(hours=hour) for hour in range(48)]
    table = arrow.table({"timestamp": times, "gib": [100.0] * 48, "mibps": [5.0] * 48})
    parquet.write_table(table, tmp_path / "hot.parquet")
    found = read_tier_series(tmp_path / "hot.parquet")
    assert found.iops is None
    assert found.mibps is not None
    assert (found.gib.demand[0], found.mibps.demand[0], len(found.gib)) == (100.0, 5.0, 48)
