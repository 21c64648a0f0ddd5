"""The monitor's own answers: what few programs use, and must not fail on."""

from pathlib import Path

import pytest

pytest.importorskip("pulumi", reason="the pulumi environment has it")

from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import alias_pb2, engine_pb2, resource_pb2

from trimtab.errors import InputError
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab_components.engines import values
from trimtab_components.engines.fixtures import Fixtures, load_fixtures
from trimtab_components.engines.monitor import RecordingEngine, RecordingMonitor

SIGNATURE = rpc._special_sig_key


def monitor(**answers: object) -> RecordingMonitor:
    table = {key.replace("__", ":"): value for key, value in answers.items()}
    return RecordingMonitor("demo", "dev", Fixtures(table, Path("f.yaml"), "us-east-1"))


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"n": 3.0, "f": 0.5, "t": "x", "b": True, "z": None}, {"b": True, "f": 0.5, "n": 3, "t": "x", "z": None}),
        ({"l": [1.0, {"a": UNKNOWN}]}, {"l": [1, {"a": UNKNOWN}]}),
        ({"s": {SIGNATURE: rpc._special_secret_sig, "value": {"deep": "x"}}}, {"s": SECRET}),
        ({"o": {SIGNATURE: rpc._special_output_value_sig, "value": "x"}}, {"o": "x"}),
        ({"o": {SIGNATURE: rpc._special_output_value_sig}}, {"o": UNKNOWN}),
        ({"o": {SIGNATURE: rpc._special_output_value_sig, "value": "x", "secret": True}}, {"o": SECRET}),
        ({"o": {SIGNATURE: rpc._special_output_value_sig, "value": "x", "secret": False}}, {"o": "x"}),
        ({"r": {SIGNATURE: rpc._special_resource_sig, "urn": "urn:x", "id": ""}}, {"r": "urn:x"}),
        ({"a": {SIGNATURE: rpc._special_asset_sig, "text": "hi"}}, {"a": {"text": "hi"}}),
        ({"__internal": {}, "__provider": "pickle", "kept": 1.0}, {"kept": 1}),
    ],
)  # fmt: skip
def test_wire_values_become_plain(wire: dict[str, object], expected: dict[str, object]) -> None:
    found = values.plain_properties(values.struct(wire))
    assert found == expected
    assert list(found) == sorted(found)


def test_methods_and_existence_are_answered_from_fixtures() -> None:
    recording = monitor(
        **{"demo__index__Thing/go": {"done": True}, "aws__ec2/vpc__Vpc": {"exists": True}}
    )
    call = recording.Call(resource_pb2.ResourceCallRequest(tok="demo:index:Thing/go"))
    assert values.plain_properties(getattr(call, "return")) == {"done": True}
    asked = resource_pb2.ExistsResourceRequest(type="aws:ec2/vpc:Vpc", id="vpc-1")
    assert recording.ExistsResource(asked).exists
    with pytest.raises(InputError, match=r"put its answer in f\.yaml as `demo:index:Thing/stop"):
        recording.Call(resource_pb2.ResourceCallRequest(tok="demo:index:Thing/stop"))


def test_a_resource_reference_can_be_followed() -> None:
    recording = monitor()
    request = resource_pb2.RegisterResourceRequest(type="a:b:C", name="c", custom=True)
    request.object.update({"size": 3})
    urn = recording.RegisterResource(request).urn
    asked = resource_pb2.ResourceInvokeRequest(tok="pulumi:pulumi:getResource")
    asked.args.update({"urn": urn})
    answer = values.plain_properties(getattr(recording.Invoke(asked), "return"))
    assert answer == {"urn": urn, "id": UNKNOWN, "state": {"size": 3}}


def test_what_azure_answers_otherwise_than_it_is_given_is_unknown() -> None:
    request = resource_pb2.RegisterResourceRequest(
        type="azure-native:containerservice:ManagedCluster", name="c", custom=True
    )
    identity = {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/s/id"]}
    request.object.update({"identity": identity})
    recording = monitor()
    state = values.plain_properties(recording.RegisterResource(request).object)
    assert state == {"identity": {"type": "UserAssigned", "userAssignedIdentities": UNKNOWN}}
    assert recording.records()[0].inputs == {"identity": identity}


def test_what_another_process_constructs_is_known_by_its_urn_alone() -> None:
    request = resource_pb2.RegisterResourceRequest(type="a:b:C", name="c", remote=True)
    request.object.update({"size": 3})
    recording = monitor()
    assert not recording.RegisterResource(request).object.fields
    assert recording.records()[0].remote
    assert recording.records()[0].inputs == {"size": 3}


def test_aliases_are_shown_by_what_they_change() -> None:
    request = resource_pb2.RegisterResourceRequest(type="a:b:C", name="c")
    request.aliases.append(alias_pb2.Alias(urn="urn:old"))
    request.aliases.append(alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name="n", parentUrn="p")))
    recording = monitor()
    recording.RegisterResource(request)
    assert recording.records()[0].aliases == ("name=n,parent=p", "urn:old")


def test_the_rest_of_the_protocol_answers() -> None:
    recording, empty = monitor(), empty_pb2.Empty()
    for call in ("RegisterResourceHook", "RegisterErrorHook", "RegisterStackInvokeTransform"):
        assert getattr(recording, call)(empty) == empty
    assert recording.SignalAndWaitForShutdown(empty) == empty
    package = resource_pb2.RegisterPackageRequest(name="p", version="1.0.0")
    assert recording.RegisterPackage(package).ref == "p@1.0.0"
    feature = resource_pb2.SupportsFeatureRequest
    assert recording.SupportsFeature(feature(id="secrets")).hasSupport
    assert not recording.SupportsFeature(feature(id="outputValues")).hasSupport
    info = recording.GetDeploymentInfo(empty)
    assert (info.project, info.stack, info.dryRun) == ("demo", "dev", True)
    engine = RecordingEngine()
    engine.RequirePulumiVersion(engine_pb2.RequirePulumiVersionRequest())
    engine.Log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message="quiet"))
    assert (engine.warnings, engine.errors) == ([], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [\n", r"f\.yaml:2: is not YAML"),
        ("- a\n", "is not a mapping of function names"),
        ("x:y/z: [3]\n", "must hold {when, answer} mappings"),
        ("x:y/z: word\n", "x:y/z: is not a mapping"),
        ("", "the program calls x:y/z"),
        ("x:y/z: [{when: {a: 2}, answer: {}}]\n", "the program calls x:y/z"),
    ],
)
def test_bad_fixtures(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        load_fixtures(path, tmp_path, None).answer("x:y/z:z", {"a": 1})


def test_the_users_answer_goes_before_a_stand_in(tmp_path: Path) -> None:
    path = tmp_path / "preview-fixtures.yaml"
    path.write_text("aws:index/getRegion:getRegion: {name: mine}\n", "utf-8")
    fixtures = load_fixtures(None, tmp_path, "us-east-1")
    assert fixtures.answer("aws:index/getRegion:getRegion", {}) == {"name": "mine"}
    assert fixtures.answer("aws:index/getPartition:getPartition", {})["partition"] == "aws"
    assert fixtures.used == {"aws:index/getPartition"}
