"""Machines over SSH: a script on each, and one on a server for each node.

A script is standard input of `sh -s`, never a command line: an error shows the command, a process list
its arguments, and both are free of secrets so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_command import remote

from trimtab.provision.edge_nodes import EdgeNode
from trimtab_components.edge.arguments import Machine, Ssh


def marked(
    name: str,
    nodes: Sequence[EdgeNode],
    labels: dict[str, str],
    options: pulumi.ResourceOptions,
) -> None:
    """What each group's nodes bear, as objects: by them their cost and emissions are known as the plan's.

    The machines' scripts give them the same labels, so that a node that comes back has them at once.
    """
    for node in nodes:
        if node.group:
            kubernetes.core.v1.NodePatch(
                f"{name}-machine-{node.name}",
                metadata={"name": node.name, "labels": {**labels, **node.marks}},
                opts=options,
            )


@dataclass(frozen=True)
class Machines:
    """Makes the commands of a cluster's machines.

    Attributes:
        name: the component's; its children's begin with it.
        parent: the component.
        first: what must stand before any of them.
    """

    name: str
    parent: pulumi.Resource
    ssh: Ssh
    first: Sequence[Any]

    def run(
        self,
        suffix: str,
        machine: Machine,
        text: pulumi.Input[str],
        after: Sequence[pulumi.Resource] = (),
        shows: str = "",
    ) -> remote.Command:
        """A script that is applied now and whenever it changes, and removes what it made in the end.

        Args:
            suffix: of the resource's name.
            machine: where it runs.
            text: the script, kept as a secret.
            after: what must stand first.
            shows: what of it is no secret: a change of it is seen in a preview, by its digest.
        """
        shell = self._shell(machine)
        digest = hashlib.sha256(shows.encode()).hexdigest()[:16]
        return remote.Command(
            f"{self.name}-{suffix}",
            connection=self._connection(machine),
            # No triggers: they replace the resource, and what was applied anew would then be removed.
            create=f"{shell} -s -- apply {digest}",
            delete=f"{shell} -s -- remove",
            stdin=pulumi.Output.secret(text),
            add_previous_output_in_env=False,
            opts=self._options(after),
        )

    def read(
        self,
        suffix: str,
        machine: Machine,
        path: str,
        after: Sequence[pulumi.Resource],
        when: Sequence[str],
        through: str = "",
    ) -> pulumi.Output[str]:
        """A file of the machine that only root reads, as a secret.

        Args:
            when: it is read anew when one of these changes.
            through: a pipeline that makes of it what is wanted.
        """
        cat = f"cat {path}" if self._user(machine) == "root" else f"sudo -n cat {path}"
        cat += f" | {through}" if through else ""
        command = remote.Command(
            f"{self.name}-{suffix}",
            connection=self._connection(machine),
            create=cat,
            triggers=list(when),
            logging=remote.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(
                self._options(after),
                pulumi.ResourceOptions(additional_secret_outputs=["stdout", "stderr"]),
            ),
        )
        return pulumi.Output.secret(command.stdout)

    def _options(self, after: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent, depends_on=[*self.first, *after])

    def _user(self, machine: Machine) -> str:
        return machine.user or self.ssh.user

    def _shell(self, machine: Machine) -> str:
        return "sh" if self._user(machine) == "root" else "sudo -n sh"

    def _connection(self, machine: Machine) -> remote.ConnectionArgs:
        bastion = self.ssh.bastion
        return remote.ConnectionArgs(
            host=machine.address,
            user=self._user(machine),
            port=machine.port or self.ssh.port,
            host_key=machine.host_key,
            **self._key(),
            proxy=None
            if bastion is None
            else remote.ProxyConnectionArgs(
                host=bastion.address,
                user=bastion.user,
                port=bastion.port,
                host_key=bastion.host_key,
                **self._key(bastion.private_key),
            ),
        )

    def _key(self, own: Any = None) -> dict[str, Any]:
        """The key; the passphrase is that of the machines' key only."""
        if own is not None:
            return {"private_key": pulumi.Output.secret(own)}
        stated = {
            "private_key": self.ssh.private_key,
            "private_key_password": self.ssh.private_key_password,
        }
        return {k: pulumi.Output.secret(v) for k, v in stated.items() if v is not None}
