"""Crossplane renews the function's certificate while it serves."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import grpc
import pytest

from support.capacity_function import (
    CapacityFunction,
    Certificates,
    capacity_function,
    make_certificates,
)
from support.capacity_requests import request
from support.function_client import call, connect


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("new"))


@pytest.fixture
def mounted(old: Certificates, tmp_path: Path) -> Path:
    return Path(shutil.copytree(old.server, tmp_path / "mounted"))


@pytest.fixture
def function(old: Certificates, mounted: Path, tmp_path: Path) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path, Certificates(mounted, old.client)) as served:
        yield served


def is_answered(function: CapacityFunction, certificates: Certificates) -> bool:
    """Whether a client that holds and trusts these is answered on a new connection."""
    with connect(function, certificates.client, certificates.client) as channel:
        try:
            call(channel, request())
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
    return True


def renewals(function: CapacityFunction) -> float:
    with urlopen(f"{function.pages}/metrics") as page:
        lines = page.read().decode().splitlines()
    name = "trimtab_certificate_renewals_total "
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_a_renewed_certificate_is_served_without_a_restart(
    function: CapacityFunction, mounted: Path, old: Certificates, new: Certificates
) -> None:
    assert is_answered(function, old)
    assert not is_answered(function, new)
    assert renewals(function) == 0
    shutil.copytree(new.server, mounted, dirs_exist_ok=True)
    assert is_answered(function, new)
    assert not is_answered(function, old)
    assert renewals(function) == 1


def test_a_connection_outlives_the_certificate_that_it_was_made_with(
    function: CapacityFunction, mounted: Path, old: Certificates, new: Certificates
) -> None:
    with connect(function, old.client, old.client) as channel:
        call(channel, request())
        shutil.copytree(new.server, mounted, dirs_exist_ok=True)
        assert call(channel, request()).conditions


@pytest.mark.parametrize("name", ["tls.key", "tls.crt", "ca.crt"])
def test_the_last_good_certificate_is_served_while_a_file_is_broken_or_away(
    function: CapacityFunction, mounted: Path, old: Certificates, new: Certificates, name: str
) -> None:
    (mounted / name).write_text("half a file", "utf-8")
    assert is_answered(function, old)
    (mounted / name).unlink()
    assert is_answered(function, old)
    shutil.copytree(new.server, mounted, dirs_exist_ok=True)
    assert is_answered(function, new)


def test_a_secret_s_atomic_swap_of_links_is_seen(
    old: Certificates, new: Certificates, tmp_path: Path
) -> None:
    # As the kubelet mounts a Secret: the files are links into `..data`, which is a link that is swapped.
    folder = tmp_path / "secret"
    folder.mkdir()
    for version, certificates in (("..1", old), ("..2", new)):
        shutil.copytree(certificates.server, folder / version)
    (folder / "..data").symlink_to("..1")
    for name in ("tls.key", "tls.crt", "ca.crt"):
        (folder / name).symlink_to(f"..data/{name}")
    with capacity_function(tmp_path, Certificates(folder, old.client)) as function:
        assert is_answered(function, old)
        (folder / "..data.new").symlink_to("..2")
        (folder / "..data.new").rename(folder / "..data")
        assert is_answered(function, new)
