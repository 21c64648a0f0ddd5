"""CPU architecture from instance type names."""

import pytest

from trimtab.catalogue.architecture import infer_architecture


@pytest.mark.parametrize(
    ("provider", "instance_type", "accelerator", "architecture"),
    [
        ("aws", "m7g.large", None, "arm64"),
        ("aws", "c7gn.xlarge", None, "arm64"),
        ("aws", "im4gn.large", None, "arm64"),
        ("aws", "t4g.micro", None, "arm64"),
        ("aws", "a1.large", None, "arm64"),
        ("aws", "g5g.xlarge", "t4g", "arm64"),
        ("aws", "g4dn.xlarge", "t4", "x86_64"),
        ("aws", "g5.xlarge", "a10g", "x86_64"),
        ("aws", "gr6.4xlarge", "l4", "x86_64"),
        ("aws", "m7i.large", None, "x86_64"),
        ("aws", "p6e-gb200.36xlarge", "gb200", "arm64"),
        ("azure", "Standard_D4ps_v5", None, "arm64"),
        ("azure", "Standard_E8pds_v6", None, "arm64"),
        ("azure", "Standard_B2pts_v2", None, "arm64"),
        ("azure", "Standard_D4s_v5", None, "x86_64"),
        ("azure", "Standard_NP10s", "fpga", "x86_64"),
        ("azure", "Standard_ND96isr_H100_v5", "h100-80gb", "x86_64"),
        ("azure", "Standard_ND128isr_NDR_GB200_v6", "gb200", "arm64"),
        ("gcp", "t2a-standard-4", None, "arm64"),
        ("gcp", "c4a-highcpu-8", None, "arm64"),
        ("gcp", "n4a-standard-8", None, "arm64"),
        ("gcp", "t2d-standard-4", None, "x86_64"),
        ("gcp", "a2-highgpu-1g", "a100-40gb", "x86_64"),
        ("other", "m7g.large", None, "x86_64"),
    ],
)
def test_names_tell_the_architecture(
    provider: str, instance_type: str, accelerator: str | None, architecture: str
) -> None:
    assert infer_architecture(provider, instance_type, accelerator) == architecture
