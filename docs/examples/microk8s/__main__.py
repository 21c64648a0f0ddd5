"""A workshop: MicroK8s on three machines, each a server that serves the plan's group as well."""

from pathlib import Path

import pulumi

from trimtab_components import MicroK8sCluster
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))
SITE = pulumi.Config("site")

with user_errors():
    cluster = MicroK8sCluster(
        "workshop",
        {
            "plan": PLAN,
            "version": "1.35/stable",
            "servers": [
                {
                    "name": f"bench-{place}",
                    "address": f"bench-{place}.workshop.example",
                    "host_key": SITE.require(f"hostKey{place}"),
                    "group": "trainers/workshop",
                }
                for place in (1, 2, 3)
            ],
            "ssh": {"private_key": SITE.require_secret("sshKey")},
            "server_token": SITE.require_secret("token"),
            "addons": ["dns", "hostpath-storage", "registry"],
            "backups": {"schedule": "0 3 * * *", "retention": 7},
        },
    )
    pulumi.export("endpoint", cluster.endpoint)
