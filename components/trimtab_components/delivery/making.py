"""Objects that were decided as plain data, made as Pulumi resources."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.arguments import argument_name
from trimtab.provision.delivery.objects import KubeObject

_ADMISSION = kubernetes.admissionregistration.v1
_TYPED: dict[str, Any] = {
    "ClusterRole": kubernetes.rbac.v1.ClusterRole,
    "CustomResourceDefinition": kubernetes.apiextensions.v1.CustomResourceDefinition,
    "NetworkPolicy": kubernetes.networking.v1.NetworkPolicy,
    "PodDisruptionBudget": kubernetes.policy.v1.PodDisruptionBudget,
    "Role": kubernetes.rbac.v1.Role,
    "RoleBinding": kubernetes.rbac.v1.RoleBinding,
    "ServiceAccount": kubernetes.core.v1.ServiceAccount,
    "ValidatingAdmissionPolicy": _ADMISSION.ValidatingAdmissionPolicy,
    "ValidatingAdmissionPolicyBinding": _ADMISSION.ValidatingAdmissionPolicyBinding,
}
"""Kinds that every cluster has; any other is a custom resource."""


def make(
    name: str,
    objects: Sequence[KubeObject],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
    after: Sequence[Any] = (),
) -> dict[str, pulumi.Resource]:
    """The objects' resources, by their keys.

    Args:
        name: the resources' names begin with it.
        objects: each after those that it comes after.
        labels: of every object.
        parent: the component.
        after: what must stand before all of them.
    """
    made: dict[str, pulumi.Resource] = {}
    for each in objects:
        options = pulumi.ResourceOptions(
            parent=parent, depends_on=[*after, *(made[key] for key in each.after)]
        )
        resource_name, metadata = f"{name}-{each.key}", each.metadata(labels)
        if each.kind in _TYPED:
            body = {argument_name(key): _sdk_named(value) for key, value in each.body.items()}
            made[each.key] = _TYPED[each.kind](
                resource_name, metadata=metadata, opts=options, **body
            )
        else:
            made[each.key] = kubernetes.apiextensions.CustomResource(
                resource_name,
                api_version=each.api_version,
                kind=each.kind,
                metadata=metadata,
                spec=each.body["spec"],
                opts=options,
            )
    return made


_EXTENSION = "x-kubernetes-"
"""How a schema's extensions begin; the SDK's names have underscores, which the provider turns back."""


def _sdk_named(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key.replace("-", "_") if key.startswith(_EXTENSION) else key: _sdk_named(each)
            for key, each in value.items()
        }
    return [_sdk_named(each) for each in value] if isinstance(value, list | tuple) else value
