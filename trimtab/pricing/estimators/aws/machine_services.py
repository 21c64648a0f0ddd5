"""Services that rent machines under types of their own: SageMaker and Lightsail."""

from collections.abc import Iterator

from trimtab.pricing.amount import exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part

NOTEBOOK_GB = 5.0
"""A notebook's disk where nobody gives its size."""


@estimates("aws_sagemaker_endpoint")
def sagemaker_endpoint(at: Estimation) -> Iterator[Part]:
    """The machines of each production variant of its configuration, which by itself is free."""
    configuration = at.referred("endpoint_config_name", "aws_sagemaker_endpoint_configuration")
    if configuration is None:
        yield Gap("hosting", "its endpoint configuration is not among the resources")
        return
    for name in ("production_variants", "shadow_production_variants"):
        for variant in configuration.inputs.blocks(name):
            label = f"hosting {variant.text('variant_name')}".strip()
            instance_type = variant.text("instance_type")
            if variant.has("serverless_config"):
                yield Gap(label, "serverless inference is charged by request")
            elif not instance_type or variant.unknown("initial_instance_count"):
                yield Gap(label, "its machines are not known before a deployment")
            else:
                count = exactly(float(variant.count("initial_instance_count", 1)))
                yield at.charge(
                    f"{label}: {instance_type}", f"aws/sagemaker/hosting/{instance_type}", count
                )


@estimates("aws_sagemaker_notebook_instance")
def sagemaker_notebook(at: Estimation) -> Iterator[Part]:
    """Its machine, all month, and its disk."""
    instance_type = at.inputs.text("instance_type")
    if not instance_type:
        yield Gap("notebook", "its instance type is not known before a deployment")
    else:
        yield at.charge(f"notebook: {instance_type}", f"aws/sagemaker/notebook/{instance_type}")
    if at.inputs.unknown("volume_size"):
        yield Gap("disk", "its size is not known before a deployment")
        return
    size = at.inputs.number("volume_size") or NOTEBOOK_GB
    yield at.charge("disk", "aws/sagemaker/storage", size)


@estimates("aws_lightsail_instance")
def lightsail_instance(at: Estimation) -> Iterator[Part]:
    """Its bundle, by the hour; a bundle's generation (`_2_0`, `_3_0`) does not change the price."""
    bundle = at.inputs.text("bundle_id")
    if not bundle:
        yield Gap("virtual server", "its bundle is not known before a deployment")
        return
    size, *rest = bundle.split("_")
    name = f"{size}_win" if "win" in rest else f"{size}_ipv6" if "ipv6" in rest else size
    yield at.charge(f"virtual server, {bundle}", f"aws/lightsail/{name}/hour")
