"""The table of images and accelerators: every pair has one answer, and the rest is refused."""

from itertools import product

import pytest

from trimtab.errors import InputError
from trimtab.provision.accelerators.compatibility import (
    COMPONENTS,
    IMAGE_NOTES,
    IMAGES,
    OWNER_NOTES,
    ROWS,
    VENDORS,
    Installed,
    check_component,
    check_together,
    check_use,
    check_version,
    minor_of,
    row_of,
)


def test_a_pair_stands_there_once_with_its_source_and_day() -> None:
    pairs = [(row.image, row.vendor) for row in ROWS]
    assert len(set(pairs)) == len(pairs)
    for row in ROWS:
        assert row.image in IMAGES
        assert row.vendor in VENDORS
        assert row.source
        assert row.as_of >= "2026-11-01"
    assert set(IMAGE_NOTES) == set(IMAGES)


@pytest.mark.parametrize(("image", "vendor"), list(product(IMAGES, VENDORS)))
def test_a_pair_without_a_row_is_refused_with_the_images_that_do(image: str, vendor: str) -> None:
    able = sorted(row.image for row in ROWS if row.vendor == vendor)
    if image in able:
        row = row_of(image, vendor)
        assert (row.image, row.vendor) == (image, vendor)
        return
    with pytest.raises(InputError, match=f"no way is known to run {vendor}") as caught:
        row_of(image, vendor)
    for each in able:
        assert each in (caught.value.mend or "")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.image}-{row.vendor}")
def test_a_row_is_coherent(row: object) -> None:
    row = next(each for each in ROWS if each is row)
    owners = {row.driver, row.toolkit, row.device_plugin} - {None}
    assert owners <= set(OWNER_NOTES)
    # What is shared or cut is set up by the component's own device plugin, and so is DRA instead.
    if row.sharing or row.mig or row.dra:
        assert row.device_plugin == "component"
    # A component goes there if and only if it has something to bring, or something to leave alone.
    assert row.installed == ("component" in owners or bool(row.node_labels))
    if row.installed:
        check_component(row)
        assert row.vendor in COMPONENTS
    else:
        with pytest.raises(InputError, match="takes no second one"):
            check_component(row, "here")


@pytest.mark.parametrize(
    ("image", "vendor", "asked", "says"),
    [
        ("AL2023", "neuron", {"sharing": ("time-slicing",)}, "can't be shared so"),
        ("AL2023", "neuron", {"mig": "single"}, r"\(mig_strategy single\)"),
        ("BOTTLEROCKET", "nvidia", {"mig": "single"}, "settings.kubelet-device-plugins.nvidia"),
        ("BOTTLEROCKET", "neuron", {"dra": True}, "use one of AL2023, or drop dra"),
        ("AZURELINUX", "nvidia", {"dra": True}, "DRA is not known to work"),
        ("UBUNTU", "fpga", {"dra": True}, "drop dra"),
        ("AL2023", "nvidia", {"dra": True, "sharing": ("mps",)}, "DRA takes its place"),
    ],
)
def test_what_a_row_lacks_is_refused(
    image: str, vendor: str, asked: dict[str, object], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        check_use(row_of(image, vendor), where="here", **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("vendor", "version", "fine"),
    [
        ("neuron", "1.33", False),
        ("neuron", "1.34", True),
        ("nvidia", "v1.31.4", False),
        ("nvidia", "1.32.0", True),
    ],
)
def test_dra_is_refused_on_a_cluster_too_old(vendor: str, version: str, fine: bool) -> None:
    row = row_of("AL2023", vendor)
    check_version(row, version, dra=False)
    check_version(row, None, dra=True)
    if fine:
        check_version(row, version, dra=True)
    else:
        with pytest.raises(InputError, match=f"but kubernetes_version is {version}"):
            check_version(row, version, dra=True)


@pytest.mark.parametrize("version", ["latest", "1", "2.1", "1.x", "1.-3"])
def test_a_version_is_one_of_kubernetes(version: str) -> None:
    with pytest.raises(InputError, match=r"give it as 1\.34"):
        minor_of(version)


def has(
    component: str, vendor: str, *parts: str, nodes: tuple[str, ...] | None = None
) -> Installed:
    return Installed(component, vendor, frozenset(parts), frozenset(nodes) if nodes else None)


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        (
            [has("A", "nvidia", "driver"), has("B", "nvidia", "driver")],
            "both bring the nvidia driver",
        ),
        ([has("A", "amd", "device-plugin"), has("B", "amd", "device-plugin")], "device-plugin"),
        (
            [has("A", "nvidia", "device-plugin"), has("B", "nvidia", "dra")],
            "one by a device plugin",
        ),
        ([has("A", "", "nfd"), has("B", "nvidia", "nfd")], "node feature discovery"),
        ([has("A", "amd", "nfd"), has("B", "nvidia", "nfd")], "node feature discovery"),
    ],
)
def test_two_owners_on_one_node_are_refused(installed: list[Installed], says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_together(installed, "here")


@pytest.mark.parametrize(
    "installed",
    [
        [has("A", "nvidia", "device-plugin"), has("B", "amd", "device-plugin")],
        [has("A", "nvidia", "driver"), has("B", "nvidia", "dra")],
        [
            has("A", "nvidia", "device-plugin", nodes=("a",)),
            has("B", "nvidia", "dra", nodes=("b",)),
        ],
        [has("A", "", "nfd"), has("B", "nvidia", "device-plugin")],
    ],
)
def test_what_does_not_meet_on_a_node_is_fine(installed: list[Installed]) -> None:
    check_together(installed)
