"""The base comes from a registry by its digest, and nothing but that digest's bytes is taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.base_image import empty_layer, write_layout
from support.oci_registry import Registry, oci_registry
from tools.steps import SetupError
from tools.xpkg.base import read_base
from tools.xpkg.layers import make_layer
from tools.xpkg.registry import fetch_base

IMAGES = {
    "amd64": make_layer({"etc/machine": b"x86_64"}),
    "arm64": make_layer({"etc/machine": b"aarch64"}),
    "s390x": empty_layer(),
}


def fill(registry: Registry, folder: Path) -> str:
    """Put an index of three architectures into a registry; its digest."""
    top = write_layout(folder, IMAGES)
    for path in (folder / "blobs" / "sha256").iterdir():
        content = path.read_bytes()
        if b'"schemaVersion"' in content:
            kind = "index" if b'"manifests"' in content else "manifest"
            media_type = f"application/vnd.oci.image.{kind}.v1+json"
            registry.manifests[f"sha256:{path.name}"] = (media_type, content)
        else:
            registry.blobs[f"sha256:{path.name}"] = content
    return top


@pytest.fixture(params=["", "secret-token"], ids=["open", "with tokens and redirects"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with oci_registry(request.param) as served:
        yield served


def test_the_wanted_architectures_are_fetched_once(registry: Registry, tmp_path: Path) -> None:
    digest = fill(registry, tmp_path / "image")
    repository = f"{registry.host}/test/base"
    layout = fetch_base(repository, digest, ["amd64", "arm64"], tmp_path / "kept")
    found = {each.architecture: each.layers for each in read_base(layout)}
    assert found == {each: (IMAGES[each],) for each in ("amd64", "arm64")}
    assert not any(IMAGES["s390x"].digest in each for each in registry.requests)
    registry.requests.clear()
    assert fetch_base(repository, digest, ["amd64", "arm64"], tmp_path / "kept") == layout
    assert registry.requests == []


def test_a_damaged_copy_is_fetched_again(registry: Registry, tmp_path: Path) -> None:
    digest = fill(registry, tmp_path / "image")
    repository = f"{registry.host}/test/base"
    layout = fetch_base(repository, digest, ["amd64"], tmp_path / "kept")
    blob = layout / "blobs" / IMAGES["amd64"].digest.replace(":", "/")
    blob.write_bytes(blob.read_bytes()[:-1])
    fetch_base(repository, digest, ["amd64"], tmp_path / "kept")
    (base,) = read_base(layout)
    assert base.layers == (IMAGES["amd64"],)


@pytest.mark.parametrize("what", ["index", "layer"])
def test_other_bytes_than_the_digests_are_refused(
    registry: Registry, tmp_path: Path, what: str
) -> None:
    digest = fill(registry, tmp_path / "image")
    if what == "index":
        media_type, content = registry.manifests[digest]
        registry.manifests[digest] = (media_type, content + b" ")
    else:
        registry.blobs[IMAGES["amd64"].digest] = b"malware"
    with pytest.raises(SetupError, match=r"sent other bytes than sha256:"):
        fetch_base(f"{registry.host}/test/base", digest, ["amd64"], tmp_path / "kept")


def test_an_architecture_that_the_index_lacks_is_named(registry: Registry, tmp_path: Path) -> None:
    digest = fill(registry, tmp_path / "image")
    with pytest.raises(SetupError, match=r"has no riscv64"):
        fetch_base(f"{registry.host}/test/base", digest, ["riscv64"], tmp_path / "kept")


def test_a_digest_that_the_registry_lacks_says_how_to_go_on(
    registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=r"404 .*; check the network, or give the base as a file"):
        fetch_base(f"{registry.host}/x", f"sha256:{'0' * 64}", ["amd64"], tmp_path / "kept")


@pytest.mark.parametrize(
    ("repository", "digest", "message"),
    [
        ("library/python", f"sha256:{'0' * 64}", r"names no registry"),
        ("localhost:1/base", f"sha256:{'0' * 64}", r"localhost:1 can't be reached .*--base"),
        ("localhost:1/base", "sha256:../../etc/passwd", r"is no sha256 digest"),
    ],
    ids=["no registry", "nothing listens", "a path for a digest"],
)
def test_a_base_that_cannot_be_asked_for_is_refused(
    repository: str, digest: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=message):
        fetch_base(repository, digest, ["amd64"], tmp_path)


def test_a_token_is_asked_for_over_https_alone(tmp_path: Path) -> None:
    with oci_registry("secret-token") as registry:
        digest = fill(registry, tmp_path / "image")
        registry.host = "registry.example.org"  # where the challenge sends its client
        with pytest.raises(SetupError, match=r"registry\.example\.org/token.* is not https"):
            fetch_base(f"localhost:{registry.port}/test/base", digest, ["amd64"], tmp_path / "kept")
