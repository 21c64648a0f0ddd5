"""The readiness gate in a cluster: what `trimtab.provision.accelerators.readiness` describes, made."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.accelerators.readiness import (
    ACCOUNT,
    GATE,
    NAMESPACE,
    Gate,
    cluster_role_rules,
    daemon_set_spec,
    never_early_policy,
    own_node_policy,
)
from trimtab_components.installation import allow_critical_pods, pods_namespace


def open_nodes_when_ready(
    name: str,
    gates: Sequence[Gate],
    tolerate: Sequence[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
    after: Sequence[Any] = (),
    critical_quota: bool = False,
) -> None:
    """The gates' resources, as children of the component.

    Args:
        name: the resources' names begin with it.
        gates: what nodes wait for; none makes nothing.
        tolerate: keys of taints on those nodes.
        labels: of the objects.
        parent: the component.
        after: what must stand first.
        critical_quota: whether the cluster admits critical pods only under a quota, as GKE does.
    """
    if not gates:
        return
    options = pulumi.ResourceOptions(parent=parent, depends_on=list(after))
    plain = dict(labels)
    meta = kubernetes.meta.v1.ObjectMetaArgs
    home = pods_namespace(f"{name}-namespace", NAMESPACE, plain, "restricted", options)
    policies = [
        *_policy(name, "never-early", never_early_policy(gates), plain, options),
        *_policy(name, "own-node", own_node_policy(), plain, options),
    ]
    inside = pulumi.ResourceOptions(parent=parent, depends_on=[home])
    account = kubernetes.core.v1.ServiceAccount(
        f"{name}-account",
        metadata=meta(name=ACCOUNT, namespace=NAMESPACE, labels=plain),
        opts=inside,
    )
    rules: Any = cluster_role_rules()
    role = kubernetes.rbac.v1.ClusterRole(
        f"{name}-role", metadata=meta(name=GATE, labels=plain), rules=rules, opts=options
    )
    binding = kubernetes.rbac.v1.ClusterRoleBinding(
        f"{name}-binding",
        metadata=meta(name=GATE, labels=plain),
        role_ref=kubernetes.rbac.v1.RoleRefArgs(
            api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=GATE
        ),
        subjects=[
            kubernetes.rbac.v1.SubjectArgs(kind="ServiceAccount", name=ACCOUNT, namespace=NAMESPACE)
        ],
        # Not before the policy that confines it.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[account, role, *policies]),
    )
    ready = [binding, *policies]
    if critical_quota:
        ready.append(allow_critical_pods(name, NAMESPACE, plain, parent, [home]))
    for gate in gates:
        spec: Any = daemon_set_spec(gate, tolerate, plain)
        kubernetes.apps.v1.DaemonSet(
            f"{name}-{gate.slug}",
            metadata=meta(
                name=gate.daemon_set_name,
                namespace=NAMESPACE,
                labels=plain,
                # Its pods wait for nodes, a quarter of an hour and more; Pulumi waits for neither.
                annotations={"pulumi.com/skipAwait": "true"},
            ),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=ready),
        )


def _policy(
    name: str,
    what: str,
    policy: Any,
    labels: Mapping[str, str],
    options: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    metadata = kubernetes.meta.v1.ObjectMetaArgs(name=f"{GATE}-{what}", labels=dict(labels))
    made = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
        f"{name}-{what}", metadata=metadata, spec=policy, opts=options
    )
    binding: Any = {"policyName": f"{GATE}-{what}", "validationActions": ["Deny"]}
    bound = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        f"{name}-{what}-binding",
        metadata=metadata,
        spec=binding,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[made])),
    )
    return [made, bound]
