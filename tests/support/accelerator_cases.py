"""Plans with every kind of accelerator, and programs that serve them, for tests of the components."""

from pathlib import Path
from typing import Any

import yaml

from support.plans import group, plan, pool
from support.recorded import Records
from trimtab.plan.document import save_plan
from trimtab.plan.model import CapacityPlan
from trimtab.preview.records import PreviewRequest
from trimtab_components.engines.recorder import record

DEVICES: dict[str, tuple[str, str, str]] = {
    "a100": ("p4d.24xlarge", "a100-40gb", "nvidia.com/gpu"),
    "h100": ("p5.48xlarge", "h100-80gb", "nvidia.com/gpu"),
    "slices": ("p4d.24xlarge", "a100-40gb", "nvidia.com/mig-1g.5gb"),
    "gb200": ("p6e-gb200.36xlarge", "gb200", "nvidia.com/gpu"),
    "trainium": ("trn2.48xlarge", "trainium2", "aws.amazon.com/neuron"),
    "mi300": ("mi300", "mi300x", "amd.com/gpu"),
    "max": ("max", "max-1550", "gpu.intel.com/i915"),
    "gaudi": ("gaudi", "gaudi3", "habana.ai/gaudi"),
    "f2": ("f2.48xlarge", "fpga", "amd.com/xilinx_f2_shell-0"),
    "arria": ("arria", "fpga", "fpga.intel.com/region-ce48969398f05f33946d560708be108a"),
    "tpu": ("ct5p", "tpu-v5p", "google.com/tpu"),
    "cpu": ("m7i.48xlarge", "", ""),
}
"""Instance type, model and resource of a pool, by the pool's name."""


def pool_of(name: str, **changes: Any) -> dict[str, Any]:
    """A pool of one on-demand group, with the devices of its name (`h100`, `h100-b`)."""
    instance, model, resource = DEVICES[name.partition("-")[0]]
    accelerator = {"model": model, "resource": resource, "perNode": 8.0} if model else None
    offer = {"instanceType": instance, "usdPerHour": 10.0, "gco2ePerHour": 100.0}
    only = group("od", {"option": "on-demand"}, accelerator=accelerator, offers=[offer], **changes)
    return pool(name=name, groups=[only])


def plan_of_pools(*names: str, **changes: Any) -> CapacityPlan:
    """A plan of such pools."""
    return plan(pools=[pool_of(name, **changes) for name in names])


def run(folder: Path, body: str, made_by: CapacityPlan | None = None) -> Records:
    """What a program records whose body follows the imports; its plan is `plan.yaml`."""
    save_plan(made_by or plan(), folder / "plan.yaml")
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n", "utf-8")
    head = "import pulumi\nimport pulumi_kubernetes as kubernetes\nimport trimtab_components as t\n"
    (folder / "__main__.py").write_text(head + body, "utf-8")
    return record(PreviewRequest(folder, "dev")).records


def serve(folder: Path, made_by: CapacityPlan, arguments: dict[str, Any]) -> Records:
    """What `Accelerators` named `acc` records for the plan."""
    given = {"plan": "plan.yaml", **arguments}
    return run(folder, f"t.Accelerators('acc', {given!r})\n", made_by)


def objects(records: Records) -> list[dict[str, Any]]:
    """The Kubernetes objects among the records, those that others need first."""
    found = []
    for each in records:
        if each.type.startswith("kubernetes:") and ":helm.sh/" not in each.type:
            version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
            found.append({"apiVersion": version.removeprefix("core/"), "kind": kind, **each.inputs})
    first = ("Namespace", "ServiceAccount")
    return sorted(found, key=lambda each: each["kind"] not in first)


def plain(inputs: Any) -> Any:
    """The same without the recorder's own types, to read in an assertion's message."""
    return yaml.safe_load(yaml.safe_dump(inputs))
