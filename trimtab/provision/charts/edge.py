"""K3s."""

from trimtab.provision.charts.model import ImageSource

SYSTEM_UPGRADE_CONTROLLER = ImageSource(
    repository="docker.io/rancher/system-upgrade-controller",
    version="v0.20.1",
    as_of="2026-11-23",
    source="https://github.com/rancher/system-upgrade-controller, tag v0.20.1, 2026-05-19; its manifests",
)
