"""AWS messaging and workflows: queues, topics, events, state machines, mail; all by use.

The account's free allowances (a million requests of SQS and SNS a month, say) are left out: they are the
account's, not a resource's.
"""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Gap, PaidElsewhere, Part


@estimates("aws_sqs_queue")
def queue(at: Estimation) -> Iterator[Part]:
    """Requests, of a standard or a FIFO queue."""
    kind = "fifo" if at.inputs.flag("fifo_queue") else "standard"
    yield from at.used("requests", f"aws/sqs/{kind}", "requests_millions")


@estimates("aws_sns_topic")
def topic(at: Estimation) -> Iterator[Part]:
    """What is published; deliveries that cost are the subscriptions'."""
    if at.inputs.flag("fifo_topic"):
        yield from by_use(
            at,
            ("published", "aws/sns/fifo/publish", "requests_millions"),
            ("payload", "aws/sns/fifo/payload", "payload_gb"),
        )
        return
    yield from at.used("published", "aws/sns/publish", "requests_millions")


_FREE_DELIVERIES = {"sqs", "lambda", "application"}


@estimates("aws_sns_topic_subscription")
def subscription(at: Estimation) -> Iterator[Part]:
    """Deliveries to HTTP, mail or Firehose; those to queues and functions are free."""
    protocol = at.inputs.text("protocol").lower()
    if protocol in _FREE_DELIVERIES:
        return
    if protocol == "sms" or not protocol:
        yield Gap("deliveries", "messages to phones are priced by country" if protocol else "only a deployment will know the protocol")  # fmt: skip
        return
    name = {"https": "http", "email-json": "email"}.get(protocol, protocol)
    yield from at.used("deliveries", f"aws/sns/delivery/{name}", "deliveries_millions")


@estimates("aws_cloudwatch_event_rule")
def event_rule(at: Estimation) -> Iterator[Part]:
    """A rule costs nothing, however much it matches: an own event is paid for when it is published."""
    if at.inputs.text("event_bus_name", "default") != "default" or at.inputs.unknown(
        "event_bus_name"
    ):
        yield PaidElsewhere("events of the account's own are paid for by the bus that takes them")


tariff(
    "aws_cloudwatch_event_bus",
    used=[("events published", "aws/eventbridge/custom", "events_millions")],
)
tariff(
    "aws_cloudwatch_event_archive",
    used=[
        ("archiving", "aws/eventbridge/archive/processing", "archived_gb"),
        ("archive", "aws/eventbridge/archive/storage", "archive_gb"),
    ],
)
tariff(
    "aws_schemas_discoverer",
    used=[("schema discovery", "aws/eventbridge/discovery", "events_millions")],
)


@estimates("aws_sfn_state_machine")
def state_machine(at: Estimation) -> Iterator[Part]:
    """Transitions; an express one by requests and by memory and time."""
    if at.inputs.text("type").upper() == "EXPRESS":
        yield from by_use(
            at,
            ("requests", "aws/step-functions/express/requests", "requests_millions"),
            ("duration", "aws/step-functions/express/duration", "gb_hours"),
        )
        return
    yield from at.used("transitions", "aws/step-functions/transitions", "transitions_1k")


tariff(
    "aws_ses_domain_identity",
    "aws_ses_email_identity",
    "aws_sesv2_email_identity",
    used=[("messages", "aws/ses/messages", "messages_1k")],
)
tariff(
    "aws_appsync_graphql_api",
    used=[
        ("queries", "aws/appsync/queries", "queries_millions"),
        ("real-time updates", "aws/appsync/updates", "updates_millions"),
    ],
)
tariff(
    "aws_cloudwatch_event_api_destination",
    used=[("calls", "aws/eventbridge/api-destination", "calls_millions")],
)
tariff(
    "aws_scheduler_schedule",
    used=[("invocations", "aws/eventbridge/scheduler", "billed_invocations_millions")],
)
