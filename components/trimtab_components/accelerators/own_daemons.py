"""A device plugin that no chart installs: its DaemonSet as a Pulumi resource."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.accelerators.daemons import Daemon


def daemon_set(
    resource_name: str,
    daemon: Daemon,
    namespace: str,
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """The daemon's DaemonSet."""
    spec: Any = daemon.spec()  # in the API's own words
    return kubernetes.apps.v1.DaemonSet(
        resource_name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=daemon.name, namespace=namespace, labels=dict(daemon.labels) or None
        ),
        spec=spec,
        opts=opts,
    )
