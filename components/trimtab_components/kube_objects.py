"""Kubernetes objects that were decided as plain data, made as Pulumi resources.

Of the SDK's own class where it has one, for that knows what is secret and by which other versions an
object was known; any other as its manifest stands, whatever its fields.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from operator import attrgetter
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.arguments import argument_name
from trimtab.provision.kube_objects import KubeObject

_GROUPS = {
    "v1": "core.v1",
    "admissionregistration.k8s.io/v1": "admissionregistration.v1",
    "apiextensions.k8s.io/v1": "apiextensions.v1",
    "apps/v1": "apps.v1",
    "networking.k8s.io/v1": "networking.v1",
    "policy/v1": "policy.v1",
    "rbac.authorization.k8s.io/v1": "rbac.v1",
    "storage.k8s.io/v1": "storage.v1",
}
"""Where the SDK has what every cluster has; any other kind is a custom resource."""
_REPLACED = {"ValidatingAdmissionPolicyBinding": ["spec"]}
"""What is made anew when it changes, by kind. The provider previews an object's first update over what its
creation left: a set keeps its members, and Deny beside Warn is invalid, so that the preview would fail."""
_EXTENSION = "x-kubernetes-"
"""How a schema's extensions begin; the SDK's names have underscores, which the provider turns back."""


def kube_objects(
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
        made[each.key] = kube_object(f"{name}-{each.key}", each.manifest(labels), options)
    return made


def kube_object(
    resource_name: str, manifest: Mapping[str, Any], options: pulumi.ResourceOptions
) -> pulumi.Resource:
    """The object as a resource of that name.

    Args:
        manifest: in the API's own words; values may be late.
    """
    group, kind = manifest["apiVersion"], manifest["kind"]
    if group in _GROUPS:
        fields = {
            argument_name(key): _sdk_named(value)
            for key, value in manifest.items()
            if key not in ("apiVersion", "kind")
        }
        if paths := _REPLACED.get(kind):
            anew = pulumi.ResourceOptions(replace_on_changes=paths, delete_before_replace=True)
            options = pulumi.ResourceOptions.merge(options, anew)
        own = getattr(attrgetter(_GROUPS[group])(kubernetes), kind)
        made: pulumi.Resource = own(resource_name, opts=options, **fields)
        return made
    # CustomResource has words for a spec alone.
    same = pulumi.ResourceOptions(version=version("pulumi_kubernetes"))
    return pulumi.CustomResource(
        f"kubernetes:{group}:{kind}",
        resource_name,
        dict(manifest),
        pulumi.ResourceOptions.merge(same, options),
    )


def _sdk_named(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key.replace("-", "_") if key.startswith(_EXTENSION) else key: _sdk_named(each)
            for key, each in value.items()
        }
    return [_sdk_named(each) for each in value] if isinstance(value, list | tuple) else value
