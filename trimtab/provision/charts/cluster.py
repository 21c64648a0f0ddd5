"""What pods of any component run."""

from trimtab.provision.charts.model import ImageSource

KUBECTL = ImageSource(
    repository="registry.k8s.io/kubectl",
    version="v1.36.3",
    as_of="2026-11-23",
    source="Kubernetes v1.36, published images; build/server-image/kubectl: no shell, its entry point "
    "is kubectl",
)

PAUSE = ImageSource(
    repository="registry.k8s.io/pause",
    version="3.10.2",
    as_of="2026-11-23",
    source="Kubernetes v1.36.3, build/dependencies.yaml",
)
