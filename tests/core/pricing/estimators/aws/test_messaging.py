"""AWS messaging and workflows, computed by hand from the price pages that the book names."""

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def test_a_queue_is_paid_by_requests() -> None:
    # 1 million x 0.40, and x 0.50
    assert bill(estimate(resource("aws_sqs_queue"))) == {"requests": 0.40}
    fifo = resource("aws_sqs_queue", {"fifoQueue": True}, camel=True)
    assert bill(estimate(fifo)) == {"requests": 0.50}


def test_a_topic_is_paid_by_what_is_published() -> None:
    assert bill(estimate(resource("aws_sns_topic"))) == {"published": 0.50}
    fifo = estimate(resource("aws_sns_topic", {"fifo_topic": True}, region="eu-west-1"))
    # 1 million x 0.33, and 1 GB x 0.0187
    assert bill(fifo) == {"published": 0.33, "payload": 0.02}


def test_a_subscription_is_paid_by_where_it_delivers() -> None:
    for protocol in ("sqs", "lambda"):
        queue = resource("aws_sns_topic_subscription", {"protocol": protocol})
        assert estimate(queue).status is Status.FREE
    mail = estimate(resource("aws_sns_topic_subscription", {"protocol": "email-json"}))
    # 0.1 million x 20
    assert bill(mail) == {"deliveries": 2.00}
    phone = estimate(resource("aws_sns_topic_subscription", {"protocol": "sms"}))
    assert phone.gaps[0].reason == "messages to phones are priced by country"
    unknown = estimate(resource("aws_sns_topic_subscription", {"protocol": UNKNOWN}))
    assert unknown.gaps[0].reason == "only a deployment will know the protocol"


def test_a_rule_is_free_and_what_it_matches_is_paid_by_the_bus() -> None:
    assert estimate(resource("aws_cloudwatch_event_rule")).status is Status.FREE
    for bus in ("orders", UNKNOWN):
        rule = resource("aws_cloudwatch_event_rule", {"eventBusName": bus}, camel=True)
        assert estimate(rule).status is Status.COVERED


def test_a_bus_is_paid_by_events() -> None:
    assert bill(estimate(resource("aws_cloudwatch_event_bus"))) == {"events published": 1.00}


def test_a_state_machine_is_paid_by_transitions_or_by_time() -> None:
    # 100 thousand x 0.025
    assert bill(estimate(resource("aws_sfn_state_machine"))) == {"transitions": 2.50}
    express = resource("aws_sfn_state_machine", {"type": "EXPRESS"})
    # 0.1 million x 1.00, and 2 GB-hours x 0.060012
    charged = bill(estimate(express))
    assert charged["requests"] == 0.10
    assert charged["duration"] == 0.12


def test_an_api_of_graphs_is_paid_by_queries_and_updates() -> None:
    # 1 million x 4.00, and 0.1 million x 2.00
    assert bill(estimate(resource("aws_appsync_graphql_api"))) == {
        "queries": 4.00,
        "real-time updates": 0.20,
    }


def test_schedules_within_the_free_fourteen_million_cost_nothing() -> None:
    assert estimate(resource("aws_scheduler_schedule")).status is Status.FREE


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_sqs_queue", region="mars-1"))
    assert priced.gaps[0].reason == "no price of aws/sqs/standard in mars-1"
