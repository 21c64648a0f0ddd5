"""What AWS's machines carry, and which network interfaces follow from it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.machine_facts import FACTS, _ranges, bundled_types, main, written
from trimtab.errors import InputError
from trimtab.provision.eks.fabric import NetworkInterface, efa_interfaces
from trimtab.provision.eks.machines import NetworkCards, _machines, _numbers, machine

TEXT = FACTS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "architecture", "accelerator", "count", "image", "efa", "nvme_gb"),
    [
        ("m7i.4xlarge", "x86_64", "", 0, "none", 0, 0),
        ("m7g.4xlarge", "arm64", "", 0, "none", 0, 0),
        ("c6gd.16xlarge", "arm64", "", 0, "none", 0, 3800),
        ("g5.12xlarge", "x86_64", "NVIDIA A10G", 4, "nvidia", 1, 3800),
        ("g5g.xlarge", "arm64", "NVIDIA T4g", 1, "nvidia", 0, 0),
        ("g6.xlarge", "x86_64", "NVIDIA L4", 1, "nvidia", 0, 250),
        ("g6f.large", "x86_64", "NVIDIA L4", 0.125, "nvidia", 0, 100),
        ("g6e.48xlarge", "x86_64", "NVIDIA L40S", 8, "nvidia", 4, 7600),
        ("p4d.24xlarge", "x86_64", "NVIDIA A100", 8, "nvidia", 4, 8000),
        ("p4de.24xlarge", "x86_64", "NVIDIA A100", 8, "nvidia", 4, 8000),
        ("p5.48xlarge", "x86_64", "NVIDIA H100", 8, "nvidia", 32, 30400),
        ("p5e.48xlarge", "x86_64", "NVIDIA H200", 8, "nvidia", 32, 30400),
        ("p5en.48xlarge", "x86_64", "NVIDIA H200", 8, "nvidia", 16, 30400),
        ("p6-b200.48xlarge", "x86_64", "NVIDIA B200", 8, "nvidia", 8, 30400),
        ("p6-b300.48xlarge", "x86_64", "NVIDIA B300", 8, "nvidia", 16, 30400),
        ("p6e-gb200.36xlarge", "arm64", "NVIDIA GB200", 4, "nvidia", None, None),
        ("trn1.32xlarge", "x86_64", "AWS Trainium", 16, "neuron", 8, 7600),
        ("trn1n.32xlarge", "x86_64", "AWS Trainium", 16, "neuron", 16, 7600),
        ("trn2.48xlarge", "x86_64", "AWS Trainium2", 16, "neuron", 16, 7600),
        ("inf2.48xlarge", "x86_64", "AWS Inferentia2", 12, "neuron", 0, 0),
        ("g4ad.16xlarge", "x86_64", "AMD Radeon Pro V520", 4, "none", 0, 2400),
        ("dl1.24xlarge", "x86_64", "Habana Gaudi HL-205", 8, "none", 4, 4000),
        ("f2.12xlarge", "x86_64", "Xilinx Virtex UltraScale+ (VU47P)", 2, "none", 0, 1880),
    ],
)
def test_the_machines_that_plans_buy_are_known(
    name: str,
    architecture: str,
    accelerator: str,
    count: float,
    image: str,
    efa: int | None,
    nvme_gb: int | None,
) -> None:
    found = machine(name)
    assert found is not None
    assert (found.architecture, found.accelerator, found.accelerators) == (
        architecture,
        accelerator,
        count,
    )
    assert found.image == image
    assert (None if found.network is None else len(found.network.efa)) == efa
    assert (None if found.nvme is None else found.nvme.gb) == nvme_gb


def test_an_unknown_type_is_unknown() -> None:
    assert machine("p9.enormous") is None


def test_the_file_is_what_the_tool_writes(tmp_path: Path) -> None:
    assert written(bundled_types(), TEXT) == TEXT, "run python -m tools.machine_facts"
    stale = tmp_path / "machines.csv"
    stale.write_text(TEXT.replace("p5.48xlarge,x86_64", "p5.48xlarge,arm64"), "utf-8")
    assert main([str(stale), "--check"]) == 1
    assert main([str(stale)]) == 0
    assert stale.read_text("utf-8") == TEXT


def test_every_row_states_a_source_that_the_notes_explain() -> None:
    explained = set(re.findall(r"^# (\w+): ", TEXT, re.MULTILINE))
    used = {line.rpartition(",")[2] for line in TEXT.splitlines() if line[0] != "#"} - {"source"}
    assert used <= explained
    assert len(_machines()) > 1000


@given(st.sets(st.integers(0, 40)))
def test_card_numbers_survive_being_written(numbers: set[int]) -> None:
    assert _numbers(_ranges(sorted(numbers))) == tuple(sorted(numbers))


def layout(name: str) -> list[tuple[int, int, str]]:
    return [(i.card, i.device, i.type) for i in efa_interfaces([name], "here")]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("p5.48xlarge", [(0, 0, "interface"), (0, 1, "efa-only"), (1, 0, "efa-only")]),
        ("g5.12xlarge", [(0, 0, "interface"), (0, 1, "efa-only")]),
        ("hpc6id.32xlarge", [(0, 0, "efa"), (1, 0, "efa-only")]),  # card 0 holds one interface
        ("p6-b300.48xlarge", [(0, 0, "interface"), (1, 0, "efa-only"), (2, 0, "efa-only")]),
        ("i7ie.48xlarge", [(0, 0, "interface"), (0, 1, "efa-only")]),  # two cards, one EFA
    ],
)
def test_each_card_that_takes_efa_has_one(name: str, first: list[tuple[int, int, str]]) -> None:
    found = layout(name)
    assert found[:3] == first[:3]
    facts = machine(name)
    assert facts is not None
    assert facts.network is not None
    assert [card for card, _, kind in found if kind != "interface"] == list(facts.network.efa)


def test_every_layout_fits_its_machine() -> None:
    for name, facts in _machines().items():
        network = facts.network
        if network is None or not network.efa:
            continue
        found = efa_interfaces([name], "here")
        places = [(each.card, each.device) for each in found]
        assert len(set(places)) == len(places)
        assert found[0] == NetworkInterface(0, 0, found[0].type)
        assert found[0].type != "efa-only"  # EC2 takes none as the first
        assert all(each.card < network.count for each in found)
        assert sum(each.card == 0 for each in found) <= network.first_card_interfaces
        assert sum(each.type != "interface" for each in found) == len(network.efa)


@pytest.mark.parametrize(
    ("types", "says"),
    [
        (["m7i.4xlarge"], "efa: m7i.4xlarge has no EFA; use a larger size or another type"),
        (["p6e-gb200.36xlarge"], "network cards of p6e-gb200.36xlarge are not known"),
        (["p9.enormous"], "network cards of p9.enormous are not known"),
        (
            ["p4d.24xlarge", "p5.48xlarge"],
            "p4d.24xlarge and p5.48xlarge have their EFA interfaces on other network cards",
        ),
    ],
)
def test_machines_that_one_template_cannot_serve_are_refused(types: list[str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        efa_interfaces(types, "pool trainer, group g")


def test_types_of_one_layout_share_a_template() -> None:
    assert efa_interfaces(["p4d.24xlarge", "p4de.24xlarge"], "here") == efa_interfaces(
        ["p4d.24xlarge"], "here"
    )


def test_numbers_of_cards_are_read() -> None:
    facts = machine("p6-b300.48xlarge")
    assert facts is not None
    assert facts.network == NetworkCards(17, 4, tuple(range(1, 17)))
