"""Crossplane on a platform cluster keeps the node groups of the cluster `ml` to their plan."""

from pathlib import Path

import pulumi

from trimtab_components import CrossplaneControlPlane
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    control_plane = CrossplaneControlPlane(
        "control-plane",
        {
            "providers": {"aws-eks": {}, "aws-ec2": {}, "aws-autoscaling": {}},
            "aws": {
                "region": "us-east-1",
                "control_plane_cluster": "platform",
                "cluster_name": "ml",
                "node_role_arns": ["arn:aws:iam::111122223333:role/ml-nodes"],
            },
            "function": {"package": CONFIG.require("functionPackage")},
            "apis": ["NodeGroupSet"],
            "plan": PLAN,
        },
    )
    pulumi.export("role", control_plane.aws_role_arn)
    pulumi.export("function", control_plane.function_image)
