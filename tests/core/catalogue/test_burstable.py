"""Which types are burstable."""

import pytest

from trimtab.catalogue.burstable import is_burstable


@pytest.mark.parametrize(
    ("provider", "instance_type", "burstable"),
    [
        ("aws", "t3a.2xlarge", True),
        ("aws", "t4g.micro", True),
        ("aws", "trn1.32xlarge", False),
        ("aws", "m7i.4xlarge", False),
        ("azure", "Standard_B4ms", True),
        ("azure", "Standard_D16s_v5", False),
        ("gcp", "e2-medium", True),
        ("gcp", "e2-standard-8", False),
        ("gcp", "t2a-standard-8", False),
        ("other", "t3.large", False),
    ],
)
def test_burstable(provider: str, instance_type: str, burstable: bool) -> None:
    assert is_burstable(provider, instance_type) is burstable
