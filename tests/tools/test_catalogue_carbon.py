"""The emissions of an offer: the arithmetic by hand, what is left blank, and what is refused."""

from pathlib import Path

import pytest

from tools.catalogue_carbon import UnusableFileError, emissions, filled, main

HEADER = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,gco2e_per_hour\n"
)
CPU = "aws,us-east-1,m7i.4xlarge,16,64,,,\n"


def row(line: str) -> dict[str, str]:
    return dict(zip(HEADER.strip().split(","), line.strip().split(","), strict=True))


def test_a_cpu_node_by_hand() -> None:
    result = emissions(row(CPU))
    assert result is not None
    # Half load: 16 x (1.0363 + (4.1605 - 1.0363) / 2) = 41.57 W, and 64 GiB x 0.392 = 25.09 W.
    assert result.energy_gco2e_per_hour == pytest.approx(0.066662 * 1.135 * 379.069, rel=1e-4)
    # 1,100 kg x 16 / 192 = 91.67 kg, 64 GiB x 533 / 384 = 88.83 kg, over 35,040 hours.
    assert result.embodied_gco2e_per_hour == pytest.approx(180_500 / 35_040, rel=1e-4)


def test_accelerators_add_their_power_at_half_load_and_their_making() -> None:
    without = emissions(row("aws,us-east-1,p5.48xlarge,192,2048,,,"))
    eight = emissions(row("aws,us-east-1,p5.48xlarge,192,2048,h100-80gb,8,"))
    assert without is not None
    assert eight is not None
    more = eight.energy_gco2e_per_hour - without.energy_gco2e_per_hour
    assert more == pytest.approx(8 * 0.700 * 0.57 * 1.135 * 379.069)
    assert eight.embodied_gco2e_per_hour - without.embodied_gco2e_per_hour == pytest.approx(
        8 * 150_000 / 35_040
    )


def test_a_type_with_another_card_than_its_model_takes_that_cards_power() -> None:
    pcie = emissions(row("azure,eastus,Standard_NC24ads_A100_v4,24,220,a100-80gb,1,"))
    bare = emissions(row("azure,eastus,Standard_NC24ads_A100_v4,24,220,,,"))
    assert pcie is not None
    assert bare is not None
    assert pcie.energy_gco2e_per_hour - bare.energy_gco2e_per_hour == pytest.approx(
        0.300 * 0.57 * 1.185 * 379.069
    )


@pytest.mark.parametrize("accelerator", ["trainium", "inferentia2", "tpu-v6e", "fpga"])
def test_unpublished_power_leaves_the_cell_blank(accelerator: str) -> None:
    line = f"aws,us-east-1,f2.6xlarge,24,256,{accelerator},1,999\n"
    assert filled(HEADER + line, "t.csv") == HEADER + line.replace("999", "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("aws,mars-1,m7i.4xlarge,16,64,,,\n", "no grid intensity for aws mars-1"),
        ("aws,us-east-1,z9.large,2,8,,,\n", "no CPU known for aws z9.large"),
        ("oci,us-1,VM.Standard,2,8,,,\n", "no CPU known for oci VM.Standard"),
        ("aws,us-east-1,m7i.4xlarge,many,64,,,\n", "could not convert string to float: 'many'"),
        ("aws,us-east-1,m7i.4xlarge,16,,,,\n", "could not convert string to float: ''"),
    ],
)
def test_a_row_outside_the_tables_is_refused_by_line(line: str, says: str) -> None:
    with pytest.raises(UnusableFileError) as error:
        filled(HEADER + CPU + line, "t.csv")
    assert str(error.value).startswith(f"t.csv, line 3: {says}; mend the row")


def test_a_file_without_the_column_is_refused() -> None:
    with pytest.raises(UnusableFileError, match=r"^t\.csv: no column gco2e_per_hour"):
        filled("a,b\n1,2\n", "t.csv")


def test_writing_touches_one_column_only_and_settles(tmp_path: Path) -> None:
    table = tmp_path / "offers.csv"
    table.write_text(HEADER + CPU, encoding="utf-8")
    assert main([str(table), "--check"]) == 1
    assert table.read_text(encoding="utf-8") == HEADER + CPU
    assert main([str(table)]) == 0
    assert table.read_text(encoding="utf-8") == HEADER + CPU.replace(",,,\n", ",,,33.8\n")
    assert main([str(table), "--check"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["offers.csv"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a,b\n", (HEADER + "x,y,z,1,1,,,\n").encode()])
def test_an_unusable_file_is_one_line_on_stderr_and_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    table = tmp_path / "offers.csv"
    table.write_bytes(content)
    assert main([str(table)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert table.read_bytes() == content


def test_a_missing_file_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err
