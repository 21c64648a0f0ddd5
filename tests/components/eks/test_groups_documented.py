"""docs/pools.md says what is so: its examples are taken, its tables and tolerations hold."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from support.plans import START, group, plan, pool
from trimtab.plan.eks import ami_type
from trimtab.plan.model import CapacityPlan, Purchase, Taint, purchase_zone
from trimtab.provision.eks.groups import node_group_shape
from trimtab.provision.eks.machines import _machines, machine
from trimtab.provision.nodes import node_marks
from trimtab.provision.pool_settings import Settings, SettingsByGroup
from trimtab.provision.sized_groups import sized_groups
from trimtab_components.pool_settings import PoolSettings

TEXT = (Path(__file__).parents[3] / "docs" / "pools.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n# (\w+)\n(.*?)```", TEXT, re.DOTALL)
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| [a-z0-9-]+\.\w+ \|", line)
]


def examples(kind: str) -> list[Any]:
    found = [yaml.safe_load(text) for label, text in BLOCKS if label == kind]
    assert found
    return found


@pytest.mark.parametrize("stated", examples("settings"), ids=str)
def test_examples_of_settings_make_node_groups(stated: dict[str, Any]) -> None:
    one = plan()
    settings = SettingsByGroup(one, stated, "docs/pools.md")
    for sized in sized_groups(one, START, {}):
        made = node_group_shape(
            one,
            sized,
            as_of=START,
            family="AL2023",
            volume_gib=100,
            autoscaled=True,
            extra_tags={},
            settings=settings.of(sized.pool, sized.group),
        )
        assert made.name.startswith("trainer-")


@pytest.mark.parametrize("stated", examples("purchase"), ids=str)
def test_examples_of_purchases_are_a_plans(stated: dict[str, Any]) -> None:
    purchase = TypeAdapter(Purchase).validate_python(stated)
    assert purchase.option == stated["option"]
    assert purchase_zone(purchase) == "us-east-1b"
    document = plan(pools=[pool(groups=[group("g", stated)])])
    assert isinstance(document, CapacityPlan)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_a_row_of_machines_is_what_the_facts_say(row: list[str]) -> None:
    name, architecture, accelerators, image, efa, disks = row
    found = machine(name)
    assert found is not None
    assert architecture == found.architecture
    stated = f"{found.accelerators:g} x {found.accelerator}" if found.accelerator else "none"
    assert accelerators == stated
    devices = {"nvidia": "nvidia.com/gpu", "neuron": "aws.amazon.com/neuron"}
    device = devices.get(found.image)
    accelerator = device and {"model": "m", "resource": device, "perNode": 1.0}
    changes = {"architecture": found.architecture, "accelerator": accelerator}
    only = plan(pools=[pool(groups=[group("g", {"option": "on-demand"}, **changes)])])
    assert ami_type(only.spec.pools[0].groups[0]) == f"AL2023_{image}"
    assert efa == (str(len(found.network.efa)) if found.network else "not known")
    if found.nvme is None:
        assert disks == "not known"
    elif not found.nvme.count:
        assert disks == "none"
    else:
        assert re.match(r"(\d+) disks?, (\d+) GB$", disks)
        assert [int(n) for n in re.findall(r"\d+", disks)] == [found.nvme.count, found.nvme.gb]


def test_about_as_many_machines_are_known_as_the_page_says() -> None:
    assert "1,300" in TEXT
    assert round(len(_machines()), -2) == 1300


def test_every_setting_has_its_row() -> None:
    table = TEXT.partition("## Settings")[2].partition("###")[0]
    named = set(re.findall(r"`(\w+)[`:]", "\n".join(re.findall(r"^\| (`[^|]*)\|", table, re.M))))
    assert named == set(PoolSettings.__annotations__)


def test_the_tolerations_let_pods_onto_the_nodes_and_no_further() -> None:
    (tolerations,) = examples("tolerations")
    one = plan().spec.pools[0]
    spot = one.groups[-1]
    marks = node_marks(one, spot, Settings(accelerator_taint=True, team_taint=True))
    taken = [_tolerated(taint, tolerations) for taint in marks.taints]
    assert taken == [True, True, True]
    assert len(tolerations) == 3  # none that no taint asks for
    other = Taint(key="trimtab.dev/team", value="others", effect="NoSchedule")
    assert not _tolerated(other, tolerations)


def _tolerated(taint: Taint, tolerations: list[dict[str, str]]) -> bool:
    return any(
        t["key"] == taint.key
        and t["effect"] == taint.effect
        and (t["operator"] == "Exists" or t["value"] == taint.value)
        for t in tolerations
    )
