"""Google Cloud's data services: BigQuery, Pub/Sub, Dataproc, Dataflow, Composer, Looker."""

from collections.abc import Iterator

from trimtab.pricing.amount import exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.disks import LOCAL_SSD_GIB, disk_parts
from trimtab.pricing.estimators.gcp.machines import (
    Fleet,
    accelerator_parts,
    machine_parts,
    vcpus,
)
from trimtab.pricing.estimators.gcp.places import last, located
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs


@estimates("google_bigquery_dataset")
def bigquery_dataset(at: Estimation) -> Iterator[Part]:
    """By what queries read on demand; the first TiB of a billing account is not taken off."""
    at = located(at, "location")
    yield from at.used("queries", "gcp/bigquery/analysis", "queries_tb")


@estimates("google_bigquery_table")
def bigquery_table(at: Estimation) -> Iterator[Part]:
    """By what it keeps, and by what streams in and out."""
    dataset = at.referred("dataset_id", "google_bigquery_dataset")
    if dataset is not None:
        place = located(Estimation(dataset, at.facts), "location").region
        at = at.elsewhere(place)
    if at.inputs.has("view") or at.inputs.has("external_data_configuration"):
        return
    for label, rate, key in (
        ("active storage", "storage/active", "active_storage_gb"),
        ("long-term storage", "storage/long-term", "long_term_storage_gb"),
        ("streaming inserts", "streaming-inserts", "streaming_inserts_mb"),
        ("storage write API", "storage-write", "storage_write_api_gb"),
        ("storage read API", "storage-read", "storage_read_api_tb"),
    ):
        yield from at.if_used(label, f"gcp/bigquery/{rate}", key)


@estimates("google_bigquery_reservation")
def bigquery_reservation(at: Estimation) -> Iterator[Part]:
    """By slots, all month."""
    at = located(at, "location")
    slots = at.inputs.number("slot_capacity")
    edition = at.inputs.text("edition", "ENTERPRISE").lower().replace("_", "-")
    if slots is None:
        yield Gap("slots", "their number is not known before a deployment")
    else:
        yield at.charge("slots", f"gcp/bigquery/slot/{edition}", slots)


@estimates("google_pubsub_topic")
def pubsub_topic(at: Estimation) -> Iterator[Part]:
    """By what is published; the first 10 GiB of a billing account are not taken off."""
    yield from at.used("messages published", "gcp/pubsub/data", "message_data_tb")


@estimates("google_pubsub_subscription")
def pubsub_subscription(at: Estimation) -> Iterator[Part]:
    """By what is delivered and retained."""
    yield from at.used("messages delivered", "gcp/pubsub/data", "message_data_tb")
    for label, key in (
        ("acknowledged messages retained", "retained_gb"),
        ("snapshots' backlog", "snapshot_gb"),
    ):
        yield from at.if_used(label, "gcp/pubsub/storage", key)


_DATAPROC = (("master", "master_config", 1.0), ("workers", "worker_config", 2.0))


@estimates("google_dataproc_cluster")
def dataproc(at: Estimation) -> Iterator[Part]:
    """Its machines and disks, and a fee by the vCPU."""
    at = located(at, "region")
    if not at.inputs.has("cluster_config") and at.inputs.has("virtual_cluster_config"):
        yield Gap("Dataproc on GKE", "a fee by the vCPU that its pods use")
        return
    for label, path, default in _DATAPROC:
        yield from _dataproc_part(at, label, f"cluster_config.{path}", default, False)
    spare = "cluster_config.preemptible_worker_config"
    if at.inputs.number(f"{spare}.num_instances"):
        spot = at.inputs.text(f"{spare}.preemptibility", "PREEMPTIBLE") != "NON_PREEMPTIBLE"
        yield from _dataproc_part(at, "secondary workers", spare, 0.0, spot)


def _dataproc_part(
    at: Estimation, label: str, path: str, default: float, spot: bool
) -> Iterator[Part]:
    blocks = at.inputs.blocks(path)
    made = blocks[0] if blocks else Inputs({}, camel=at.inputs.camel)
    number = made.number("num_instances")
    count = default if number is None else number
    if count == 0:
        return
    machine = last(made.text("machine_type"))
    if not machine:
        worker = at.inputs.text("cluster_config.worker_config.machine_type")
        machine = last(worker) if spot and worker else "n1-standard-4"
    fleet = Fleet(label, machine, exactly(count), count, spot=spot)
    yield from machine_parts(at, fleet)
    accelerators = [
        Inputs(
            {"type": each.text("accelerator_type"), "count": each.get("accelerator_count")},
            camel=False,
        )
        for each in made.blocks("accelerators")
    ]
    yield from accelerator_parts(at, fleet, accelerators)
    kind = made.text("disk_config.boot_disk_type", "pd-standard")
    gib = made.number("disk_config.boot_disk_size_gb") or 500.0
    yield from disk_parts(at, kind, gib, count=fleet.count, label=f"{label}: boot disks")
    local = made.number("disk_config.num_local_ssds")
    if local:
        yield from disk_parts(
            at, "local-ssd", local * LOCAL_SSD_GIB, count=fleet.count, label=f"{label}: local SSDs"
        )
    vcpu = vcpus(at, machine)
    if vcpu is None:
        yield Gap(f"{label}: Dataproc's fee", f"the vCPUs of {machine} are not known")
    else:
        yield at.charge(f"{label}: Dataproc's fee", "gcp/dataproc/vcpu", count * vcpu)


@estimates("google_dataflow_job", "google_dataflow_flex_template_job")
def dataflow(at: Estimation) -> Iterator[Part]:
    """By the hours of its workers' vCPUs and memory, at a batch job's prices."""
    at = located(at, "zone", "region")
    yield from at.used("workers' vCPUs", "gcp/dataflow/batch/vcpu", "vcpu_hours")
    yield from at.used("workers' memory", "gcp/dataflow/batch/memory", "memory_gib_hours")


@estimates("google_composer_environment")
def composer(at: Estimation) -> Iterator[Part]:
    """A Composer 3 environment by what it uses; what one of Composer 2 costs, no source says."""
    at = located(at, "region")
    image = at.inputs.text("config.software_config.image_version")
    if "composer-3" in image:
        units, basis = at.usage("average_dcus")
        if basis is Basis.DEFAULT:
            yield Gap("environment", "charged by the DCUs that it uses: give average_dcus")
        else:
            yield at.charge("environment", "gcp/composer3/dcu", units, basis=basis)
        return
    yield Gap("environment", "no source gives the price of a Composer 2 environment")


@estimates("google_dataproc_metastore_service", "google_looker_instance")
def unpriced(at: Estimation) -> Iterator[Part]:
    """By the hour and edition, at prices that no source gives."""
    tier = at.inputs.text("platform_edition") or at.inputs.text("tier", "its tier")
    yield Gap("service", f"no source gives the price of {tier}")
