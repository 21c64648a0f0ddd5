"""The Kubernetes stand-in as a plugin's process: `pulumi-resource-kubernetes ENGINE_ADDRESS`.

STAND_IN_CLOUD names the file that the cluster is kept in between processes; without it the cluster
ends with the process.
"""

import os
from pathlib import Path

from support.stand_in.cloud import Cloud
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import main

if __name__ == "__main__":
    place = os.environ.get("STAND_IN_CLOUD")
    main(Kubernetes(Cloud(Path(place) if place else None)))
