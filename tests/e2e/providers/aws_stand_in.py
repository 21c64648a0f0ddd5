"""The AWS stand-in as a plugin's process: `pulumi-resource-aws ENGINE_ADDRESS`.

STAND_IN_CLOUD names the file that the cloud is kept in between processes; without it the cloud ends
with the process.
"""

import os
from pathlib import Path

from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud
from support.stand_in.server import main

if __name__ == "__main__":
    place = os.environ.get("STAND_IN_CLOUD")
    main(Aws(Cloud(Path(place) if place else None)))
