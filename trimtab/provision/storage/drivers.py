"""The CSI drivers by name, and the order in which those that are needed come.

Pure. A driver is brought by an EKS add-on, by a Helm chart, or by the cloud that manages the cluster.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.provision.charts import storage as charts
from trimtab.provision.storage import aws, azure, gcp, on_premises_drivers
from trimtab.provision.storage.model import Driver, DriverRequest


def _ebs_values(request: DriverRequest) -> Mapping[str, Any]:
    # By this tag alone its role tells the cluster's volumes from others'; the EKS add-on sets it itself.
    facts = request.facts
    values: dict[str, Any] = {
        "controller": {"region": facts.region, "k8sTagClusterId": facts.cluster},
        "helmTester": {"enabled": False},
    }
    if any(each.intent == "snapshot" for each in request.classes):
        # The chart looks for the CRDs as it is rendered, when they may not be there yet.
        values["sidecars"] = {"snapshotter": {"forceEnable": True}}
    return values


def _efs_values(request: DriverRequest) -> Mapping[str, Any]:
    return {"controller": {"tags": dict(request.facts.tags)}}


DRIVERS: dict[str, Driver] = {
    **on_premises_drivers.DRIVERS,
    aws.EBS: Driver(
        aws.EBS,
        addon="aws-ebs-csi-driver",
        chart=charts.EBS_CSI,
        values=_ebs_values,
        service_account="ebs-csi-controller-sa",
    ),
    aws.EFS: Driver(
        aws.EFS,
        addon="aws-efs-csi-driver",
        chart=charts.EFS_CSI,
        values=_efs_values,
        service_account="efs-csi-controller-sa",
    ),
    aws.FSX: Driver(
        aws.FSX,
        addon="aws-fsx-csi-driver",
        chart=charts.FSX_CSI,
        service_account="fsx-csi-controller-sa",
    ),
    aws.S3: Driver(
        aws.S3,
        addon="aws-mountpoint-s3-csi-driver",
        chart=charts.S3_CSI,
        service_account="s3-csi-driver-sa",
    ),
    # The one driver that clouds and machines of one's own share.
    aws.SNAPSHOT_CONTROLLER: replace(
        on_premises_drivers.DRIVERS[aws.SNAPSHOT_CONTROLLER],
        managed_by=("azure", "gcp"),
        addon="snapshot-controller",
    ),
    azure.DISK: Driver(azure.DISK, managed_by=("azure",)),
    azure.FILE: Driver(azure.FILE, managed_by=("azure",)),
    gcp.DISK: Driver(gcp.DISK, managed_by=("gcp",)),
    gcp.FILESTORE: Driver(gcp.FILESTORE, managed_by=("gcp",)),
}
"""Every driver by name."""


def needed(names: Iterable[str]) -> tuple[Driver, ...]:
    """The drivers of those names with all that they require, each after what it requires."""
    found: dict[str, Driver] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for other in DRIVERS[name].requires:
            visit(other)
        found[name] = DRIVERS[name]

    for name in names:
        visit(name)
    return tuple(found.values())


def check_stated(
    drivers: Mapping[str, Any], override: Mapping[str, Any], wanted: Sequence[Driver], where: str
) -> None:
    """Refuse settings of drivers that no class needs, and a chart's of what is none.

    Args:
        drivers, override: of the component, by the driver's name.
        wanted: the drivers that the classes need.

    Raises:
        InputError: the classes need no driver of that name, or it comes without chart and add-on.
    """
    names = [each.name for each in wanted]
    released = [each.name for each in wanted if each.chart or each.addon]
    for field, stated, known in (("drivers", drivers, names), ("override", override, released)):
        mend = f"use one of {allowed(known)}" if known else "drop it"
        for name in stated:
            if name not in names:
                raise InputError(f"{field}: no class needs {name}", where=where, mend=mend)
            if name not in known:
                raise InputError(f"{field}: {name} has no chart", where=where, mend=mend)
