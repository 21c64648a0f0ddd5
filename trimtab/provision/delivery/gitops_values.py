"""What Flux's and Argo CD's charts are told. Pure.

Only the controllers that a delivery of plans needs; what a plan follows is told to Argo CD, which would
else take every custom resource for healthy at once and let the next environment follow.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.provision.delivery.gitops import FOLLOWERS, PLATFORM
from trimtab.provision.helm_values import merge

_HEALTH = """\
local said = {}
for _, each in ipairs((obj.status or {}).conditions or {}) do
  said[each.type] = each
end
local usable, ready = said["PlanUsable"], said["Ready"]
if usable ~= nil and usable.status == "False" then
  return {status = "Degraded", message = usable.message}
end
if usable ~= nil and usable.status == "True" and ready ~= nil and ready.status == "True" then
  return {status = "Healthy"}
end
return {status = "Progressing", message = "the plan is not carried out yet"}
"""


def flux_values(override: Mapping[str, Any]) -> dict[str, Any]:
    """The source, kustomize, helm and notification controllers; images are nobody's to rewrite here.

    The helm controller stays: components whose delivery is `flux` need it. What Flux delivers without a
    service account of its own is done as the cluster's administrator. So nobody is given the right to
    write Flux' objects by being an editor of a namespace, as the chart would have it, and none of them
    reads another namespace's.
    """
    alone = {"container": {"additionalArgs": ["--no-cross-namespace-refs=true"]}}
    return merge(
        {
            "imageAutomationController": {"create": False},
            "imageReflectionController": {"create": False},
            "kustomizeController": alone,
            "helmController": alone,
            "notificationController": alone,
            "rbac": {"createAggregation": False},
            "prometheus": {"podMonitor": {"create": False}},
        },
        override,
    )


def argo_values(
    replicas: int, ordered: bool, hooks: bool, override: Mapping[str, Any]
) -> dict[str, Any]:
    """Argo CD without single sign-on and notifications, which nothing here needs.

    Args:
        replicas: of the servers that can have more than one; the controller has one.
        ordered: whether the environments follow one another, for which progressive syncs are on.
        hooks: whether the chart's hooks are run, of which one makes the password of Redis.
        override: laid over it.
    """
    several = {"replicas": replicas, "pdb": {"enabled": replicas > 1, "maxUnavailable": 1}}
    health = {f"resource.customizations.health.{PLATFORM}_{kind}": _HEALTH for kind in FOLLOWERS}
    return merge(
        {
            "crds": {"install": True, "keep": True},
            "dex": {"enabled": False},
            "notifications": {"enabled": False},
            "server": several,
            "repoServer": several,
            "applicationSet": several,
            "redisSecretInit": {"enabled": hooks},
            "configs": {
                "cm": health,
                "params": {
                    "applicationsetcontroller.enable.progressive.syncs": str(ordered).lower()
                },
            },
        },
        override,
    )
