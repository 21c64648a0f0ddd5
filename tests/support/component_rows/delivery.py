"""GitOps, Crossplane's control plane and policy engines."""

from typing import Any

from support.plans import plan

_PLAN = plan()
_REGION = "us-east-1"
_ROLE = "arn:aws:iam::111122223333:role"
_STAGES = [
    {"name": "staging", "path": "clusters/staging", "namespace": "trimtab-staging"},
    {"name": "prod", "path": "clusters/prod", "branch": "release", "cluster": "prod"},
]
_SSH = {"ssh_private_key": "a key", "known_hosts": "git.example.org ssh-ed25519 AAAA"}
_TOKEN = {"username": "git", "password": "a token"}

ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("GitOps", "Flux, least", {
        "engine": "flux", "url": "https://git.example.org/platform/capacity.git",
        "environments": [{"name": "prod", "path": "clusters/prod"}],
    }),
    ("GitOps", "Flux, everything", {
        "engine": "flux", "url": "ssh://git@git.example.org/platform/capacity.git", "plan": _PLAN,
        "environments": _STAGES, "credentials": _SSH, "sops_secret": "sops-age", "install": False,
    }),
    ("GitOps", "Argo CD, everything", {
        "engine": "argo-cd", "url": "https://git.example.org/platform/capacity.git", "plan": _PLAN,
        "environments": _STAGES, "credentials": _TOKEN, "redis_password": "a password",
    }),
    ("GitOps", "Argo CD by Flux", {
        "engine": "argo-cd", "url": "https://git.example.org/platform/capacity.git",
        "environments": _STAGES, "delivery": "flux", "ordered": False,
    }),
    ("CrossplaneControlPlane", "least", {}),
    ("CrossplaneControlPlane", "node groups of the plan", {
        "plan": _PLAN, "providers": {"aws-eks": {}, "aws-ec2": {}, "aws-autoscaling": {}},
        "aws": {
            "control_plane_cluster": "platform", "cluster_name": "ml", "region": _REGION,
            "node_role_arns": [f"{_ROLE}/nodes"], "policy_arns": ["AmazonEC2ReadOnlyAccess"],
        },
    }),
    ("CrossplaneControlPlane", "a role from elsewhere, by Flux", {
        "plan": _PLAN, "providers": {"aws-eks": {}}, "delivery": "flux",
        "aws": {"control_plane_cluster": "platform", "role_arn": f"{_ROLE}/crossplane", "region": _REGION},
    }),
    ("CrossplaneControlPlane", "every provider, signed", {
        "providers": {
            "aws-eks": {"version": "v2.5.0"}, "gcp-container": {}, "gcp-compute": {},
            "gcp-cloudplatform": {}, "azure-containerservice": {}, "kubernetes": {}, "helm": {},
        },
        "aws": {"identity": "irsa", "role_arn": f"{_ROLE}/crossplane"},
        "configs": {
            "gcp": {
                "spec": {"projectID": "p", "credentials": {"source": "InjectedIdentity"}},
                "service_account_annotations": {"iam.gke.io/gcp-service-account": "x@p.example.org"},
            },
        },
        "functions": {"function-auto-ready": {}, "function-sequencer": {}},
        "function": {"package": "registry.example.org/platform/function-trimtab-capacity"},
        "pull_secret": "packages", "signed": [{
            "prefix": "xpkg.crossplane.io/crossplane-contrib/",
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "https://github.com/crossplane-contrib/x",
        }],
    }),
    ("PolicyEngine", "Gatekeeper, least", {"engine": "gatekeeper"}),
    ("PolicyEngine", "Gatekeeper, everything", {
        "engine": "gatekeeper", "plan": _PLAN, "failure_policy": "Fail", "timeout_seconds": 5,
        "sync": ["v1/Namespace", "apps/v1/Deployment"], "exempt_namespaces": ["storage"],
        "admission_policies": True,
    }),
    ("PolicyEngine", "Kyverno by Flux", {
        "engine": "kyverno", "plan": _PLAN, "delivery": "flux", "exceptions_namespace": "exceptions",
    }),
]  # fmt: skip
