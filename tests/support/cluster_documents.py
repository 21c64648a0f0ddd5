"""Prints as JSON all that clusters of every platform are composed of, by platform and key.

Run with the functions' environment: `python -m support.cluster_documents`, in tests/.
"""

import json
from typing import Any

from support import plans
from support.cluster_requests import API, AWS, BASE, EDGE, EXISTING, GCP, Pipeline, desired

SITES = {
    "aws": {"provider": "aws", "region": "us-east-1"},
    "gcp": {"provider": "gcp", "region": "us-central1"},
    "dc": {"provider": "dc", "region": "oslo"},
}
OWNED = {"option": "owned", "site": "oslo"}
OPEN = {"option": "on-demand"}
WIDE = {
    **AWS,
    "kubernetesVersion": "1.35",
    "amiFamily": "BOTTLEROCKET",
    "network": {"nat": "per-zone"},
    "owner": {"team": "vision"},
    "publicAccessCidrs": ["192.0.2.0/24"],
}
ZONAL = {
    **GCP,
    "zones": ["us-central1-a"],
    "kubernetesVersion": "1.35",
    "publicAccessCidrs": ["192.0.2.0/24"],
}
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], str]] = {
    "aws": ("AWS", AWS, "aws", OPEN, "p4d.24xlarge"),
    "aws-wide": ("AWS", WIDE, "aws", {"option": "spot", "pools": 2}, "p4d.24xlarge"),
    "gcp": ("GCP", GCP, "gcp", OPEN, "a2-highgpu-8g"),
    "gcp-zonal": ("GCP", ZONAL, "gcp", {"option": "spot", "pools": 2}, "a2-highgpu-8g"),
    "existing": ("OnPremises", {**BASE, "onPremises": EXISTING}, "dc", OWNED, "dgx"),
    "cluster-api": ("OnPremises", {**BASE, "onPremises": {"clusterApi": API}}, "dc", OWNED, "dgx"),
    "edge": ("Edge", {**EDGE, "kubeconfigSecretRef": {"name": "site"}}, "dc", OWNED, "jetson"),
}


def documents() -> dict[str, dict[str, object]]:
    """What is desired once everything is ready."""
    found: dict[str, dict[str, object]] = {}
    for case, (platform, spec, site, purchase, instance_type) in CASES.items():
        group = plans.group("main", purchase, offers=[{"instanceType": instance_type}])
        plan = plans.plan_data(site=SITES[site], pools=[plans.pool(groups=[group])])
        plan["metadata"] = {"name": "prod", "namespace": "team"}
        xr = Pipeline(platform, spec, plans.START.replace(hour=1))
        found[case] = dict(desired(xr.settle(plan)))
    return found


if __name__ == "__main__":
    print(json.dumps(documents()))
