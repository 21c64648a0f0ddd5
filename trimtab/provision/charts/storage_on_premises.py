"""Storage on machines of one's own: Ceph under Rook, drivers of arrays and NAS, local volumes, snapshots."""

from trimtab.provision.charts.model import ChartSource, ImageSource

ROOK_OPERATOR = ChartSource(
    chart="rook-ceph",
    version="v1.20.6",
    repository="https://charts.rook.io/release",
    namespace="rook-ceph",
    as_of="2026-11-23",
    source="rook/rook v1.20.6, deploy/charts/rook-ceph; brings the CRDs and, as a dependency, the "
    "ceph-csi-operator",
)

CEPH_CSI_DRIVERS = ChartSource(
    chart="ceph-csi-drivers",
    version="1.0.4",
    repository="https://ceph.github.io/ceph-csi-operator",
    namespace="rook-ceph",
    as_of="2026-11-23",
    source="rook/rook v1.20.6, deploy/charts/rook-ceph/Chart.yaml (ceph-csi-operator 1.0.4) and "
    "Documentation/Helm-Charts/csi-drivers-chart.md; ceph/ceph-csi-operator v1.0.4, "
    "deploy/charts/ceph-csi-drivers",
)

CEPH = ImageSource(
    repository="quay.io/ceph/ceph",
    version="v20.2.4",
    as_of="2026-11-23",
    source="rook/rook v1.20.6, deploy/examples/cluster.yaml",
)

CSI_DRIVER_NFS = ChartSource(
    chart="csi-driver-nfs",
    version="4.13.4",
    repository="https://raw.githubusercontent.com/kubernetes-csi/csi-driver-nfs/master/charts",
    namespace="csi-driver-nfs",
    as_of="2026-11-23",
    source="kubernetes-csi/csi-driver-nfs v4.13.4, charts/README.md and charts/latest",
)

DEMOCRATIC_CSI = ChartSource(
    chart="democratic-csi",
    version="0.15.1",
    repository="https://democratic-csi.github.io/charts",
    namespace="democratic-csi",
    as_of="2026-11-23",
    source="democratic-csi/charts at 79a3c02 (2026-01-07), stable/democratic-csi",
)

DEMOCRATIC_CSI_IMAGE = ImageSource(
    repository="ghcr.io/democratic-csi/democratic-csi",
    version="v1.9.4",
    as_of="2026-11-23",
    source="democratic-csi/democratic-csi, newest tag; the chart's own default is `latest`",
)

LOCAL_STATIC_PROVISIONER = ChartSource(
    chart="local-static-provisioner",
    version="2.9.0",
    repository="https://kubernetes-sigs.github.io/sig-storage-local-static-provisioner",
    namespace="local-static-provisioner",
    as_of="2026-11-23",
    source="kubernetes-sigs/sig-storage-local-static-provisioner v2.9.0, helm/provisioner",
)

TOPOLVM = ChartSource(
    chart="topolvm",
    version="17.1.0",
    repository="https://topolvm.github.io/topolvm",
    namespace="topolvm-system",
    as_of="2026-11-23",
    source="topolvm/topolvm at 83e3dce (2026-08-05), charts/topolvm: TopoLVM 0.41.0",
)

SNAPSHOT_CONTROLLER = ChartSource(
    chart="snapshot-controller",
    version="5.2.0",
    repository="https://piraeus.io/helm-charts",
    namespace="snapshot-controller",
    as_of="2026-11-23",
    source="piraeusdatastore/helm-charts at 5d733d8 (2026-07-21), charts/snapshot-controller: "
    "external-snapshotter v8.6.0 with its CRDs",
)
