"""AWS OpenSearch and Elasticsearch domains: nodes, their storage, and serverless collections."""

import math
from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import tariff
from trimtab.pricing.model import Gap, Part

_DEFAULT_INSTANCE = {
    "aws_opensearch_domain": "m4.large.search",
    "aws_elasticsearch_domain": "m4.large.elasticsearch",
}
"""What the provider takes where the program says nothing."""

_MOST_NODES = 80


@estimates("aws_opensearch_domain", "aws_elasticsearch_domain")
def domain(at: Estimation) -> Iterator[Part]:
    """Data nodes, dedicated masters, warm nodes, and each data node's storage."""
    if at.inputs.unknown("cluster_config"):
        yield Gap("nodes", "only a deployment will know their type")
        return
    default = _DEFAULT_INSTANCE[at.resource.kind]
    yield _nodes(at, "data nodes", "instance_type", "instance_count", default)
    if at.inputs.flag("cluster_config.dedicated_master_enabled"):
        yield _nodes(
            at, "dedicated masters", "dedicated_master_type", "dedicated_master_count", default
        )
    if at.inputs.flag("cluster_config.warm_enabled"):
        yield _nodes(at, "UltraWarm nodes", "warm_type", "warm_count", "")
    further = (f"cluster_config.{name}_enabled" for name in ("dedicated_master", "warm"))
    if gap := at.awaited("further nodes", *further):
        yield gap
    yield from _storage(at)


def _nodes(at: Estimation, label: str, kind: str, count: str, default: str) -> Part:
    """Nodes by the hour: the same price under both of the service's names."""
    node_type = at.inputs.text(f"cluster_config.{kind}", default)
    if not node_type or at.inputs.unknown(f"cluster_config.{kind}"):
        return Gap(label, "only a deployment will know their type")
    nodes, basis = at.counted(f"cluster_config.{count}", most=_MOST_NODES)
    size = node_type.rpartition(".")[0]
    return at.charge(f"{label}, {size}", f"aws/opensearch/instance/{size}", nodes, basis=basis)


def _storage(at: Estimation) -> Iterator[Part]:
    """EBS of each data node; nothing where the nodes have disks of their own."""
    if gap := at.awaited("storage", "ebs_options.ebs_enabled"):
        yield gap
        return
    if not at.inputs.flag("ebs_options.ebs_enabled"):
        return
    size = at.inputs.number("ebs_options.volume_size")
    if size is None or at.inputs.unknown("cluster_config.instance_count"):
        yield Gap("storage", "only a deployment will know how much")
        return
    nodes = at.inputs.count("cluster_config.instance_count", 1)
    kind = at.inputs.text("ebs_options.volume_type", "gp2")
    yield at.charge(f"storage, {kind}", f"aws/opensearch/storage/{kind}", size * nodes)
    iops = at.inputs.number("ebs_options.iops")
    if kind == "io1" and iops is not None:
        yield at.charge("IOPS", "aws/opensearch/storage/io1/iops", iops * nodes)
    throughput = at.inputs.number("ebs_options.throughput")
    if kind == "gp3" and throughput is not None:
        included = max(125.0, 250.0 * math.ceil(size / 3072)) if size >= 170 else 125.0
        if throughput > included:
            beyond = (throughput - included) * nodes
            yield at.charge("throughput", "aws/opensearch/storage/gp3/throughput", beyond)


tariff(
    "aws_opensearchserverless_collection",
    used=[
        ("compute units", "aws/opensearch/serverless/ocu", "average_ocus"),
        ("storage", "aws/opensearch/serverless/storage", "storage_gb"),
    ],
)
