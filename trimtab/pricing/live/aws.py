"""AWS: which jobs there are, the clients that they share, and its errors as ours.

Machines are of the regions that the account has enabled, unless regions are named. Everything is read with
credentials that may do no more than `pricing:GetProducts`, `ec2:Describe*` and
`savingsplans:DescribeSavingsPlansOfferingRates`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from trimtab.errors import EngineError
from trimtab.pricing.live import aws_machines, aws_prices
from trimtab.pricing.live.meters import meters
from trimtab.pricing.live.model import SHAPE, Job, Row, Wanted

HOME = "us-east-1"
"""Where the Price List and the Savings Plans answer for every region."""

Client: TypeAlias = Any  # botocore makes its classes at run time
Clients: TypeAlias = Callable[[str, str], Client]
"""A client of a service in a region."""


def aws_jobs(wanted: Wanted, clients: Clients | None = None) -> Iterator[Job]:
    """The jobs of AWS, region by region, machines first.

    Args:
        wanted: which regions and services.
        clients: makes clients; default: boto3's, with the user's own configuration.

    Raises:
        EngineError: boto3 or credentials are missing.
    """
    client = clients or _boto_clients()
    for region in wanted.regions or _enabled_regions(client):
        for job in _region_jobs(region, wanted, client):
            if wanted.service(job.service):
                yield job


def _region_jobs(region: str, wanted: Wanted, client: Clients) -> Iterator[Job]:
    def job(service: str, api: str, rows: Callable[[], Iterator[Row]], *columns: str) -> Job:
        source = f"AWS {api}"
        fetch = partial(_guarded, source, rows)
        return Job(
            "aws", (region,), service, source, fetch, columns, required=service == "machines"
        )

    price_list = partial(client, "pricing", HOME)
    ec2 = partial(client, "ec2", region)
    yield job(
        "machines",
        "Price List API (GetProducts, AmazonEC2, Linux; reserved: standard, no upfront)",
        lambda: aws_prices.machines(price_list(), region),
        "on_demand", "reserved_1y", "reserved_3y", "vcpu", "memory_gib",
    )  # fmt: skip
    yield job(
        "spot",
        f"EC2 DescribeSpotPriceHistory (median over zones of the mean of the 24 h to {wanted.now:%Y-%m-%d})",
        lambda: aws_machines.spot(ec2(), region, wanted.now),
        "spot",
    )
    yield job(
        "reserved",
        "EC2 DescribeReservedInstancesOfferings (standard, no upfront)",
        lambda: aws_machines.reserved(ec2(), region),
        "reserved_1y", "reserved_3y",
    )  # fmt: skip
    yield job(
        "savings-plans",
        "Savings Plans DescribeSavingsPlansOfferingRates (no upfront; machines: EC2 Instance plans)",
        lambda: aws_machines.savings_plans(client("savingsplans", HOME), region),
        "reserved_1y", "reserved_3y",
    )  # fmt: skip
    yield job(
        "instance-types",
        "EC2 DescribeInstanceTypes",
        lambda: aws_machines.instance_types(ec2(), region),
        *SHAPE,
    )
    for service in meters("aws"):
        yield job(
            service,
            f"Price List API (GetProducts, {service})",
            partial(_rates, price_list, service, region),
        )


def _rates(price_list: Callable[[], Client], service: str, region: str) -> Iterator[Row]:
    yield from aws_prices.rates(price_list(), service, region)


def _boto_clients() -> Clients:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise EngineError("boto3 is missing", mend="pip install 'trimtab[live]'") from None
    known: dict[tuple[str, str], Client] = {}
    session = boto3.session.Session()
    config = Config(retries={"mode": "standard", "max_attempts": 8}, user_agent_extra="trimtab")

    def client(service: str, region: str) -> Client:
        if (service, region) not in known:
            try:
                known[service, region] = session.client(service, region_name=region, config=config)
            except (BotoCoreError, ValueError) as error:
                raise EngineError(f"AWS: {error}", mend="see AWS's own configuration") from None
        return known[service, region]

    return client


def _enabled_regions(client: Clients) -> list[str]:
    with _errors("AWS EC2 DescribeRegions"):
        answer = client("ec2", HOME).describe_regions()
        return sorted(region["RegionName"] for region in answer["Regions"])


def _guarded(source: str, rows: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    with _errors(source):
        yield from rows()


@contextmanager
def _errors(source: str) -> Iterator[None]:
    """AWS's errors as ours."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError:
        raise EngineError(
            f"{source}: there are no credentials",
            mend="sign in (aws sso login, aws configure) or set AWS_PROFILE; prices need read access only",
        ) from None
    except ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "")
        raise EngineError(
            f"{source}: {code}: {said.get('Message', '')}", mend=_mend(code)
        ) from None
    except BotoCoreError as error:
        raise EngineError(f"{source}: {error}", mend="check the network, or run it again") from None


def _mend(code: str) -> str:
    if code in {"AuthFailure", "OptInRequired", "UnauthorizedOperation", "AccessDeniedException"}:
        return "allow the call (docs/diff/live-prices.md#permissions), and enable the region"
    return "run it again: what is fetched stays"
