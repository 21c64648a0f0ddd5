"""pulumi-command's remote.Command: commands over SSH, really run, by OpenSSH's client.

As the provider has it (pulumi/pulumi-command at 010bd8e, 2026-08-21): the command of `create` runs again
for an update without an `update` of its own; other triggers replace; `delete` runs with the standard input
of the last run; an update that is planned shows the former output.
"""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import provider_pb2

from support.sdk_inputs import UNKNOWN
from support.stand_in.cloud import Cloud, Held, RefusalError
from support.stand_in.provider import StandIn

_OPTIONS = (
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
)


class Command(StandIn):
    """A provider of commands."""

    replaced_by: Mapping[str, tuple[str, ...]] = {"Command": ("triggers",)}

    def __init__(self, cloud: Cloud) -> None:
        super().__init__("command", cloud)
        self._last = ("", "")

    # The provider keeps what is secret so; here the engine marks the answers as it did the questions.

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=False)

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False
        )

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        """Run the call's command; one that fails is refused with what it said, as the provider does."""
        command = inputs.get(call) or (inputs.get("create") if call == "update" else None)
        self._last = ("", "")
        if not command:
            return
        ended = _over_ssh(inputs["connection"], command, inputs.get("stdin") or "")
        if ended.returncode != 0:
            said = ended.stdout + ended.stderr
            raise RefusalError(f"exit status {ended.returncode}: running {command!r}:\n{said}")
        self._last = (ended.stdout.removesuffix("\n"), ended.stderr.removesuffix("\n"))

    def outputs(
        self, token: str, inputs: Mapping[str, Any], identity: str, held: Held | None
    ) -> dict[str, Any]:
        """What the last run said."""
        if identity == UNKNOWN:
            return super().outputs(token, inputs, identity, held)
        return {**inputs, "stdout": self._last[0], "stderr": self._last[1]}

    def planned(self, held: Held, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The former output."""
        former = {key: held.outputs[key] for key in ("stdout", "stderr")}
        return {**inputs, **former}


def _over_ssh(
    connection: Mapping[str, Any], command: str, standard_input: str
) -> "subprocess.CompletedProcess[str]":
    with tempfile.TemporaryDirectory() as scratch:
        key, hosts = Path(scratch, "key"), Path(scratch, "hosts")
        key.touch(mode=0o600)
        key.write_text(connection["privateKey"], "utf-8")
        host, port = connection["host"], int(connection.get("port", 22))
        hosts.write_text(f"[{host}]:{port} {connection['hostKey']}\n", "utf-8")
        options = [word for each in _OPTIONS for word in ("-o", each)]
        return subprocess.run(
            ["ssh", "-F", "none", *options, "-o", f"UserKnownHostsFile={hosts}", "-i", key,
             "-p", str(port), f"{connection.get('user', 'root')}@{host}", command],
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
