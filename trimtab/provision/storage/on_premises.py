"""Makers of the backends on machines of one's own."""

from trimtab.provision.storage.model import Maker
from trimtab.provision.storage.on_premises_arrays import iscsi, nfs, nvmeof
from trimtab.provision.storage.on_premises_ceph import block, file, object_store, snapshot
from trimtab.provision.storage.on_premises_local import local_lvm, local_nvme, local_path

MAKERS: dict[str, Maker] = {
    "ceph-block": block,
    "ceph-file": file,
    "ceph-object": object_store,
    "ceph-snapshot": snapshot,
    "nvmeof": nvmeof,
    "iscsi": iscsi,
    "nfs": nfs,
    "local-nvme": local_nvme,
    "local-lvm": local_lvm,
    "local-path": local_path,
}
"""By the backend's id."""
