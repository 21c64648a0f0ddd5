"""The function as Crossplane meets it: a process, gRPC, and mTLS both ways."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format

from support import plans
from support.capacity_function import (
    CapacityFunction,
    Certificates,
    capacity_function,
    make_certificates,
)
from support.capacity_requests import request
from support.function_client import TIMEOUT, call, connect


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def function(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function"), certificates) as served:
        yield served


def current_plan() -> dict[str, Any]:
    """A plan whose only window holds now."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start, end = hour - timedelta(hours=1), hour + timedelta(days=2)
    window = {"start": start.isoformat(), "end": end.isoformat(), "min": 7, "desired": 8, "max": 9}
    group = plans.group("main", {"option": "on-demand"}, windows=[window])
    times = {"asOf": start.isoformat(), "start": start.isoformat(), "validUntil": end.isoformat()}
    return plans.plan_data(pools=[plans.pool(groups=[group])], **times)


def test_a_client_with_a_certificate_gets_the_plans_numbers(
    function: CapacityFunction, certificates: Certificates
) -> None:
    plan = current_plan()
    with connect(function, certificates.client, certificates.client) as channel:
        rsp = call(channel, request(plan))
        again = call(channel, request(plan))
    (key,) = rsp.desired.resources
    spec = json_format.MessageToDict(rsp.desired.resources[key].resource["spec"])
    assert key == "trainer-main-0a1b2c"
    assert spec["forProvider"]["scalingConfig"] == {"minSize": 7.0, "maxSize": 9.0}
    assert spec["initProvider"]["scalingConfig"] == {"desiredSize": 8.0}
    assert [each.reason for each in rsp.conditions] == ["PlanFound", "AsPlanned"]
    assert rsp.meta.tag == "a-tag"
    assert again.desired == rsp.desired


def test_a_client_without_a_certificate_is_refused(
    function: CapacityFunction, certificates: Certificates
) -> None:
    with (
        connect(function, certificates.client, None) as channel,
        pytest.raises(grpc.RpcError) as error,
    ):
        call(channel, request())
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_client_of_another_authority_is_refused(
    function: CapacityFunction, certificates: Certificates, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path)
    with (
        connect(function, certificates.client, stranger.client) as channel,
        pytest.raises(grpc.RpcError) as error,
    ):
        call(channel, request())
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_server_of_another_authority_is_not_trusted(
    function: CapacityFunction, certificates: Certificates, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path)
    with (
        connect(function, stranger.client, certificates.client) as channel,
        pytest.raises(grpc.RpcError) as error,
    ):
        call(channel, request())
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_plaintext_client_is_refused(function: CapacityFunction) -> None:
    with grpc.insecure_channel(function.target) as channel, pytest.raises(grpc.RpcError) as error:
        call(channel, request())
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_without_certificates_it_serves_only_when_told_to_be_insecure(tmp_path: Path) -> None:
    with capacity_function(tmp_path) as served, grpc.insecure_channel(served.target) as channel:
        assert call(channel, request()).conditions[0].reason == "PlanNotFetched"


def test_it_ends_in_order_when_told_to(tmp_path: Path) -> None:
    with capacity_function(tmp_path) as served:
        process = served.process.process
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0, served.process.tail()
