"""The base from its registry: index, manifests and layers by digest, kept as an OCI layout.

Speaks the distribution API with the standard library: anonymous, with the bearer token that a
registry hands out for a pull. Every byte is checked against the digest that asked for it, the first
of which is pinned in `runtime.yaml`; so neither a registry nor a mirror or cache can change the base.
A registry that wants a password: copy the image with another tool and give the copy as `--base`.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tools.steps import SetupError
from tools.xpkg.base import INDEXES
from tools.xpkg.layers import sha256

SECONDS = 60.0
LARGEST_BYTES = 1 << 30
MANIFESTS = (
    *sorted(INDEXES),
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MEND = "check the network, or give the base as a file: --base (docs/functions/package.md)"
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Registry:
    """One repository of a registry, for reading."""

    def __init__(self, repository: str) -> None:
        self.host, _, self.name = repository.partition("/")
        if "." not in self.host and not _LOCAL.fullmatch(self.host):
            raise SetupError(f"{repository} names no registry; write REGISTRY/REPOSITORY")
        local = bool(_LOCAL.fullmatch(self.host))
        # As all clients: plain HTTP to this machine alone, and no proxy on the way to it.
        proxies = [urllib.request.ProxyHandler({})] if local else []
        self._url = f"{'http' if local else 'https'}://{self.host}/v2/{self.name}"
        self._plain = f"http://{self.host}/" if local else self._url
        self._opener = urllib.request.build_opener(*proxies)
        self._token = ""

    def manifest(self, digest: str) -> bytes:
        """A manifest or index by its digest."""
        return self._verified(f"manifests/{digest}", digest, {"Accept": ", ".join(MANIFESTS)})

    def blob(self, digest: str) -> bytes:
        """A blob by its digest."""
        return self._verified(f"blobs/{digest}", digest, {})

    def _verified(self, path: str, digest: str, headers: Mapping[str, str]) -> bytes:
        content = self._get(f"{self._url}/{path}", headers)
        if sha256(content) != digest:
            raise SetupError(f"{self.host} sent other bytes than {digest}; use another registry")
        return content

    def _get(self, url: str, headers: Mapping[str, str], *, again: bool = True) -> bytes:
        if not url.startswith(("https://", self._plain)):
            raise SetupError(f"{url} is not https; {_MEND}")
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - checked above
        if self._token:
            # Unredirected: a registry sends blobs from storage, which is not to see the token.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                content: bytes = response.read(LARGEST_BYTES)
                return content
        except urllib.error.HTTPError as error:
            if error.code == 401 and again:
                self._authorise(error.headers.get("WWW-Authenticate", ""))
                return self._get(url, headers, again=False)
            raise SetupError(f"{url}: {error.code} {error.reason}; {_MEND}") from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise SetupError(f"{self.host} can't be reached ({reason}); {_MEND}") from None

    def _authorise(self, challenge: str) -> None:
        scheme, _, rest = challenge.partition(" ")
        told = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in told:
            raise SetupError(f"{self.host} wants a password; {_MEND}")
        asked = {"scope": told.get("scope", f"repository:{self.name}:pull")}
        if "service" in told:
            asked["service"] = told["service"]
        answer = self._get(f"{told['realm']}?{urllib.parse.urlencode(asked)}", {}, again=False)
        try:
            data = json.loads(answer)
            self._token = str(data.get("token") or data["access_token"])
        except (ValueError, KeyError, AttributeError):
            raise SetupError(f"{told['realm']} gave no token; {_MEND}") from None


def fetch_base(repository: str, digest: str, architectures: Collection[str], folder: Path) -> Path:
    """An OCI layout of the architectures' images, fetched where the folder lacks them.

    Raises:
        SetupError: the registry can't be reached, refuses, or sends something else.
    """
    registry = Registry(repository)
    layout = folder / digest.replace(":", "-")
    top = _kept(layout, digest, registry.manifest)
    document = json.loads(top)
    if "manifests" not in document:
        raise SetupError(f"{digest} is no index of several architectures; pin the index")
    chosen = [each for each in document["manifests"] if _serves(each, architectures)]
    have = {each["platform"]["architecture"] for each in chosen}
    if missing := sorted(set(architectures) - have):
        raise SetupError(f"{repository}@{digest} has no {', '.join(missing)}")
    for each in chosen:
        manifest = json.loads(_kept(layout, each["digest"], registry.manifest))
        for part in (manifest["config"], *manifest["layers"]):
            _kept(layout, part["digest"], registry.blob)
    # The index of the layout names only what is here: the registry's may name other systems.
    index = {"schemaVersion": 2, "manifests": chosen}
    (layout / "index.json").write_text(json.dumps(index), "utf-8")
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', "utf-8")
    return layout


def _serves(descriptor: Mapping[str, Any], architectures: Collection[str]) -> bool:
    platform = descriptor.get("platform", {})
    return platform.get("os") == "linux" and platform.get("architecture") in architectures


def _kept(layout: Path, digest: str, fetch: Callable[[str], bytes]) -> bytes:
    """A blob of the layout, fetched unless it is there whole."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise SetupError(f"{digest} is no sha256 digest")
    place = layout / "blobs" / digest.replace(":", "/")
    if place.exists():
        content = place.read_bytes()
        if sha256(content) == digest:
            return content
    content = fetch(digest)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(place)
    return content
