"""The builder of the machine tables: small checkouts of every source in, the tables out."""

import json
from pathlib import Path

import pytest

from tools.machines import aws, azure, gcp
from tools.machines.__main__ import main
from tools.machines.model import Machines, UnusableSourceError
from tools.machines.writing import write

KARPENTER = """// generated at 2026-07-20T13:44:30Z for {0}
	"{0}": {{
		// m5 family
		"m5.large": 0.096000, "m5.xlarge": {1}, "g6f.xlarge": 0.2, "p2.xlarge": 0.9,
"""
TYPE = """### `{0}`
 |karpenter.k8s.aws/instance-cpu|{1}|
 |karpenter.k8s.aws/instance-memory|{2}|
 |kubernetes.io/arch|amd64|
"""
GPU = """ |karpenter.k8s.aws/instance-gpu-name|l4|
 |karpenter.k8s.aws/instance-gpu-count|0|
 |karpenter.k8s.aws/instance-gpu-memory|2861|
"""
AZURE = """// generated at 2026-06-18T03:43:41Z
	initialOnDemandPrices["westeurope"] = map[string]float64{
		"Standard_D4as_v5":      0.392000,
		"Standard_D8as_v5":      0.784000,
		"Standard_D4s_v5":       0.230000,
		"Standard_M64s":         9.000000,
		"Standard_NV99x_v1":     1.000000,
		"Dsv3_Type3":            6.599000,
"""
SECOND = """InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region
Standard_D4as_v5,,,4,16,,0.208,0.04,westeurope
Standard_D4s_v5,,,4,16,,0.23,0.05,westeurope
Standard_E8-2s_v5,,,8,64,,0.6,,westeurope
Standard_M64s,,,64,1024,,1,0.5,westeurope
"""
GCP = """compute:
  instance:
    g2-standard-6:
      cpu: 4
      ram: 16
      l4: 1
      cost:
        us-central1: {hour: 0.7, hour_spot: 0.3, month_1y: 365, month_3y: 219}
        mars-1: {hour: 0.7}
    custom: {type: n1}
"""


def put(folder: Path, path: str, text: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Every source in one folder: their paths differ."""
    put(tmp_path, aws.PRICES.format(""), KARPENTER.format("us-east-1", "0.192"))
    put(tmp_path, aws.PRICES.format("_us_gov"), KARPENTER.format("us-gov-west-1", "0.242"))
    types = TYPE.format("m5.large", 2, 8192) + TYPE.format("m5.xlarge", 4, 16384)
    put(tmp_path, aws.TYPES, f"# Types\n{types}{TYPE.format('g6f.xlarge', 4, 16384)}{GPU}")
    advice = {
        "us-east-1": {"Linux": {"m5.large": {"s": 60, "r": 1}}},
        "eu-west-1": {"Linux": {"m5.xlarge": {"s": 60, "r": 4}}},
        "eu-south-9": {"Linux": {"m5.large": {"s": 60, "r": 1}}},
    }
    put(tmp_path, aws.ADVISOR, json.dumps({"instance_types": {}, "spot_advisor": advice}))
    page = {
        "OnDemand Linux-instancetype-m5.large": {
            "US East (N. Virginia)": "0.0960000000",
            "US West (Oregon)": "0.0960000000",
            "US West (Los Angeles)": "0.1150000000",
        },
        "OnDemand Linux-instancetype-m5.xlarge": {
            "US East (N. Virginia)": "0.2000000000",
            "US West (Oregon)": "0.2000000000",
        },
    }
    put(tmp_path, "processed/ec2.json", json.dumps(page))
    # A month of 730.5 hours: m5.large as today, m5.xlarge dearer than today.
    old = "us-east-1,m5.large,70.128\nus-east-1,m5.xlarge,150\neu-west-1,m5.large,78.1635\n"
    put(
        tmp_path,
        "kube_resource_report/aws-ec2-costs-monthly.csv",
        f"{old}eu-west-1,m5.xlarge,160\nus-west-2-lax-1a,m5.large,80\n",
    )
    line = "Instance type: {},	Linux OD cost in us-east-1: {},	RI 1y AllUpfront cost in us-east-1: {},\n"
    put(
        tmp_path,
        "generated_instances_data.txt",
        line.format("m5.large", 0.096, 0.056) + line.format("m5.xlarge", 0.2, 0.1),
    )
    rates = {"m5.large/eu-west-1": 0.04, "m5.xlarge/us-east-1": 0.08}
    put(tmp_path, "configs/awsreservationofferings.json", json.dumps(rates))
    put(tmp_path, azure.PRICES, AZURE)
    put(tmp_path, "azure/vms.csv", SECOND)
    put(tmp_path, "pricing.yml", GCP)
    put(tmp_path, "tools/machinetypes.csv", "NAME;CPUS\ng2-standard-6;4\n")
    put(tmp_path, "tools/machinetyperegion.csv", "NAME;ZONE\ng2-standard-6;us-central1\n")
    return tmp_path


def build(checkout: Path, to: Path) -> None:
    names = (
        "aws-karpenter",
        "aws-price-watcher",
        "spotinfo",
        "ec2-info",
        "opencost",
        "kube-resource-report",
        "azure-karpenter",
        "azure-catalogue",
        "gcp-calculator",
    )
    options = [part for name in names for part in (f"--{name}", str(checkout))]
    dates = ["--gcp-as-of", "2026-07-30", "--aws-pages-as-of", "2025-12-05"]
    assert main([*options, *dates, "--to", str(to)]) == 0


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()[1:]


def test_aws(checkout: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path / "out")
    folder = tmp_path / "out" / "aws"
    every = "karpenter-aws+spot-advisor-band+spot-advisor-estimate+ec2-instances-info"
    assert sorted(path.stem for path in folder.iterdir()) == [
        "eu-west-1",
        "shapes",
        "us-east-1",
        "us-gov-west-1",
        "us-west-2",
    ]
    # m5.xlarge has another price in us-east-1 today; Los Angeles is a local zone.
    assert lines(folder / "us-west-2.csv") == [
        "*,,,,,,aws-price-watcher,2025-12-05",
        "m5.large,0.096",
    ]
    assert lines(folder / "us-east-1.csv") == [
        "*,,,,,,karpenter-aws,2026-07-20",
        "g6f.xlarge,0.2",
        # 60 % less than the list price
        f"m5.large,0.096,0.0384,0.056,,5-10,{every}",
        "m5.xlarge,0.192",
        "p2.xlarge,0.9",
    ]
    # 78.1635 / 730.5; m5.xlarge has a band alone, for its price in us-east-1 is another today
    assert lines(folder / "eu-west-1.csv") == [
        "*,,,,,,kube-resource-report+opencost,2021-02-01",
        "m5.large,0.107,,,0.04",
        "m5.xlarge,,,,,20-100,spot-advisor-band,2025-06-28",
    ]
    # An eighth of an L4; p2 has a card without a name here, and so no size.
    assert lines(folder / "shapes.csv") == [
        "g6f.xlarge,4,16,l4,0.125,x86_64",
        "m5.large,2,8,,,x86_64",
        "m5.xlarge,4,16,,,x86_64",
        "p2.xlarge",
    ]


def test_azure(checkout: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path / "out")
    folder = tmp_path / "out" / "azure"
    assert lines(folder / "westeurope.csv") == [
        "*,,,,,,azure-catalogue,2026-05-20",
        # dearer by 4 x 0.046, the licence of Windows: the second list's
        "Standard_D4as_v5,0.208,0.04,,,,azure-catalogue+azure-catalogue-spot",
        "Standard_D4s_v5,0.23,0.05,,,,karpenter-azure+azure-catalogue-spot,2026-06-18",
        "Standard_E8-2s_v5,0.6",
        # D8as_v5: nobody can say whether that is Windows. M64s differs by more than a licence: neither price stands
        "Standard_NV99x_v1,1,,,,,karpenter-azure,2026-06-18",
    ]
    assert lines(folder / "shapes.csv") == [
        "Standard_D4as_v5,4,16,,,x86_64",
        "Standard_D4s_v5,4,16,,,x86_64",
        "Standard_E8-2s_v5,2,64,,,x86_64",
        "Standard_NV99x_v1",
    ]


def test_gcp(checkout: Path, tmp_path: Path) -> None:
    build(checkout, tmp_path / "out")
    folder = tmp_path / "out" / "gcp"
    assert sorted(path.stem for path in folder.iterdir()) == ["shapes", "us-central1"]
    # 365 / 730 and 219 / 730
    assert lines(folder / "us-central1.csv")[1:] == ["g2-standard-6,0.7,0.3,0.5,0.3"]
    assert lines(folder / "shapes.csv") == ["g2-standard-6,4,16,l4,1,x86_64"]


def test_the_same_checkouts_give_the_same_bytes(checkout: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(checkout, tmp_path / name)
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name in ("one", "two")
        for files in [(tmp_path / name).rglob("*.csv")]
    )
    assert one == two


def test_what_the_built_in_offers_have_is_left_out(checkout: Path, tmp_path: Path) -> None:
    write(
        gcp.machines(str(checkout), "2026-07-30"),
        tmp_path,
        {("gcp", "us-central1", "g2-standard-6")},
    )
    assert [path.stem for path in (tmp_path / "gcp").iterdir()] == ["shapes"]


@pytest.mark.parametrize(
    ("name", "vcpu", "gib", "model", "count"),
    [
        ("Standard_D4s_v5", 4, 16, None, None),
        ("Standard_E16-4s_v5", 4, 128, None, None),
        ("Standard_D4ls_v5", 4, 8, None, None),
        ("Standard_F8ams_v6", 8, 64, None, None),
        ("Standard_ND96isr_H100_v5", 96, 1900, "h100-80gb", 8),
        ("Standard_NV18ads_A10_v5", 18, 220, "a10", 0.5),
        ("Standard_NP20s", 20, 336, "fpga", 2),
    ],
)
def test_an_azure_size_by_its_name(
    name: str, vcpu: float, gib: float, model: str | None, count: float | None
) -> None:
    shape = azure.size(name, None)
    assert shape is not None
    assert (shape.vcpu, shape.memory_gib) == (vcpu, gib)
    assert (shape.accelerator, shape.accelerator_count) == (model, count)


@pytest.mark.parametrize("name", ["Standard_NC6", "Standard_PB6s", "Standard_M64s", "Basic_A1"])
def test_an_azure_size_that_its_name_does_not_tell_has_no_shape(name: str) -> None:
    assert azure.size(name, None) is None


def test_a_source_that_is_not_there_is_one_line(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnusableSourceError, match=r"has no pricing\.yml; name its checkout"):
        gcp.machines(str(checkout / "tools"), "2026-07-30")
    options = ["--gcp-as-of", "2026-07-30", "--to", str(checkout / "out")]
    options += ["--aws-pages-as-of", "2025-12-05", "--aws-price-watcher", str(checkout / "tools")]
    for name in ("aws-karpenter", "spotinfo", "ec2-info", "opencost", "kube-resource-report"):
        options += [f"--{name}", str(checkout / "tools")]
    for name in ("azure-karpenter", "azure-catalogue", "gcp-calculator"):
        options += [f"--{name}", str(checkout / "tools")]
    assert main(options) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (checkout / "out").exists()


def test_a_provider_without_machines_has_empty_shapes(tmp_path: Path) -> None:
    write(Machines("aws"), tmp_path, set())
    assert lines(tmp_path / "aws" / "shapes.csv") == []
