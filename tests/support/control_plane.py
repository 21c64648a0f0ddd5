"""A control plane to try the functions on: an empty cluster with Crossplane, on this machine.

    python -m support.control_plane FOLDER      (with tests/ on the path; `make control-plane`)

It runs etcd, kube-apiserver and Crossplane's core as `make engines` built them, and the capacity function
over mTLS beside them, registered as a package's would be; no containers, nodes or credentials. The
kubeconfig is FOLDER/kubeconfig. It ends with Ctrl-C or SIGTERM, and keeps nothing.
"""

import contextlib
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

from support.capacity_function import Certificates, capacity_function
from support.crossplane_core import crossplane_control_plane
from support.kube_api import kube_api_server
from tools import engines

FUNCTION = "function-trimtab-capacity"
NEEDED = ("etcd", "kube-apiserver", "crossplane-core", "kubectl")
READY = "ready"


def main(folder: Path) -> int:
    """Run until told to stop; the exit status."""
    try:
        for name in NEEDED:
            engines.find(name)
    except engines.EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = folder / "kubeconfig"
    print("starting etcd, kube-apiserver, Crossplane and the function", flush=True)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trimtab-")))
        for name in ("api", "crossplane", "function"):
            (scratch / name).mkdir()
        api = stack.enter_context(kube_api_server(scratch / "api"))
        plane = stack.enter_context(crossplane_control_plane(api, scratch / "crossplane"))
        certificates = Certificates(plane.function_certificates, plane.function_certificates)
        function = stack.enter_context(capacity_function(scratch / "function", certificates))
        plane.register_function(FUNCTION, int(function.target.rpartition(":")[2]))
        shutil.copyfile(api.kubeconfig, kubeconfig)
        stack.callback(kubeconfig.unlink, missing_ok=True)
        print(f"{READY}: export KUBECONFIG={kubeconfig.resolve()}", flush=True)
        print("Ctrl-C ends it", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
