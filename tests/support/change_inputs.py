"""What engines write, in small: documents for the readers' tests, modelled on the real ones."""

import copy
import json
from pathlib import Path
from typing import Any

from trimtab.resources.inputs import UNKNOWN

Data = dict[str, Any]

SIGNED = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:never-seen",
}
STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:aws::west"
GROUP = "urn:pulumi:dev::shop::aws:eks/nodeGroup:NodeGroup::workers"
TEMPLATE = "urn:pulumi:dev::shop::aws:ec2/launchTemplate:LaunchTemplate::template"
VOLUME = "urn:pulumi:dev::shop::aws:ebs/volume:Volume::data"
OLD = "urn:pulumi:dev::shop::aws:ec2/instance:Instance::old"


def state(urn: str, inputs: Data | None = None, **fields: Any) -> Data:
    """A resource's state as Pulumi writes it, with outputs that nobody needs."""
    kind = urn.split("::")[2]
    made = {"urn": urn, "custom": kind != "pulumi:pulumi:Stack", "type": kind, "parent": STACK}
    made |= {"inputs": inputs or {}, "outputs": {"arn": "arn:aws:x:us-east-2:1:y"}}
    return made | fields


def step(operation: str, old: Data | None, new: Data | None, **fields: Any) -> Data:
    urn = (new or old or {})["urn"]
    made = {"op": operation, "urn": urn, "oldState": old, "newState": new, "detailedDiff": None}
    return {key: value for key, value in made.items() if value is not None} | fields


def node_group(**inputs: Any) -> Data:
    return state(
        GROUP,
        {
            "scalingConfig": {"minSize": 1, "maxSize": 9, "desiredSize": 3},
            "capacityType": "ON_DEMAND",
            "instanceTypes": ["m6i.large"],
            "launchTemplate": {"id": UNKNOWN},
            "tags": {"team": "shop"},
            "__defaults": [],
            **inputs,
        },
        provider=f"{PROVIDER}::a1",
        propertyDependencies={"launchTemplate": [TEMPLATE], "tags": []},
    )


def pulumi_preview(*, sames: bool = True) -> Data:
    """A pool moves to spot, a volume grows by replacement, an instance goes, a template is new."""
    provider = {"region": "us-west-2", "defaultTags": '{"tags":{"cost":"42","team":"default"}}'}
    stack = state(STACK)
    volume = state(
        VOLUME, {"size": 100, "type": "gp3", "availabilityZone": "us-west-2a"}, id="vol-1"
    )
    grown = state(VOLUME, {**volume["inputs"], "size": 200, "kmsKeyId": "[secret]"})
    steps = [
        step("same", stack, stack),
        step("same", state(PROVIDER, provider, id="a1"), state(PROVIDER, provider, id="a1")),
        step(
            "create",
            None,
            state(TEMPLATE, {"instanceType": "m6i.large"}, provider=f"{PROVIDER}::a1"),
        ),
        step("update", node_group(), node_group(capacityType="SPOT")),
        step("replace", volume, grown, replaceReasons=["size"]),
        step("delete", state(OLD, {"instanceType": "t3.micro"}, id="i-1"), None),
    ]
    return {
        "config": {"aws:region": "us-east-1", "shop:size": "3"},
        "steps": steps if sames else [each for each in steps if each["op"] != "same"],
        "duration": 1234,
        "changeSummary": {"create": 1, "delete": 1, "replace": 1, "same": 2, "update": 1},
    }


def stack_export() -> Data:
    resources = [
        state(STACK),
        state(PROVIDER, {"region": "us-west-2"}, id="a1"),
        node_group(),
        state(VOLUME, {"size": 100, "tags": {"key": SIGNED}}, id="vol-1", outputs={"type": "gp3"}),
        state(OLD, {"instanceType": "t3.micro"}, id="i-1", external=True),
        state(VOLUME, {"size": 50}, id="vol-0", delete=True),
    ]
    return {
        "version": 3,
        "deployment": {
            "manifest": {"time": "2026-11-01T00:00:00Z", "magic": "m", "version": "v3.256.0"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:s"}},
            "resources": resources,
            "metadata": {},
        },
    }


def update_plan() -> Data:
    def goal(urn: str, diff: Data) -> Data:
        kind = urn.split("::")[2]
        return {"type": kind, "name": urn.split("::")[3], "custom": True, "inputDiff": diff}

    return {
        "manifest": {"time": "2026-11-01T00:00:00Z", "magic": "m", "version": "v3.256.0"},
        "config": {"aws:region": {"value": "us-east-1"}},
        "resourcePlans": {
            GROUP: {
                "goal": goal(GROUP, {"updates": {"capacityType": "SPOT"}, "deletes": ["tags"]}),
                "steps": ["update"],
                "state": {},
            },
            TEMPLATE: {
                "goal": goal(TEMPLATE, {"adds": {"instanceType": "m6i.large", "userData": SIGNED}}),
                "steps": ["create"],
                "state": {},
            },
            OLD: {"steps": ["delete"], "state": None},
        },
    }


def event_log() -> str:
    """The preview's steps as an engine's events, one a line."""
    preview = pulumi_preview()
    events: list[Data] = [{"preludeEvent": {"config": preview["config"]}}]
    for each in preview["steps"]:
        metadata = {"op": each["op"], "urn": each["urn"], "type": each["urn"].split("::")[2]}
        metadata |= {"old": each.get("oldState"), "new": each.get("newState")}
        events.append({"resourcePreEvent": {"metadata": metadata, "planning": True}})
    events.append({"summaryEvent": {"resourceChanges": preview["changeSummary"]}})
    stamped = [{"sequence": index, "timestamp": 1, **each} for index, each in enumerate(events)]
    return "\n".join(map(json.dumps, stamped)) + "\n"


def _change(address: str, actions: list[str], before: Any, after: Any, **fields: Any) -> Data:
    module, _, own = address.rpartition("module.app.")
    kind, name = own.partition("[")[0].split(".")
    change = {"actions": actions, "before": before, "after": after}
    for key in ("after_unknown", "before_sensitive", "after_sensitive", "importing"):
        if key in fields:
            change[key] = fields.pop(key)
    made = {"address": address, "mode": "managed", "type": kind, "name": name, "change": change}
    made["provider_name"] = "registry.terraform.io/hashicorp/aws"
    if "module.app." in address:
        made["module_address"] = f"{module}module.app"
    return made | fields


def terraform_plan() -> Data:
    """A module's group moves to spot, a volume was renamed and grows, one is forgotten, one is new."""
    group = {"capacity_type": "ON_DEMAND", "scaling_config": [{"desired_size": 2}], "region": None}
    volume = {"size": 100, "type": "gp3", "id": "vol-1", "tags": {"team": "shop"}}
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "timestamp": "2026-11-01T00:00:00Z",
        "applicable": True,
        "complete": True,
        "errored": False,
        "variables": {"region": {"value": "eu-west-1"}},
        "planned_values": {"root_module": {"resources": [{"address": "never.read"}]}},
        "resource_changes": [
            _change(
                "module.app.aws_eks_node_group.workers",
                ["update"],
                group,
                {**group, "capacity_type": "SPOT"},
                after_unknown={"arn": True, "scaling_config": [{}]},
            ),
            _change(
                "aws_ebs_volume.data[0]",
                ["delete", "create"],
                volume,
                {**volume, "size": 200, "id": None, "kms_key_id": "never-seen"},
                index=0,
                previous_address="aws_ebs_volume.old[0]",
                after_unknown={"id": True},
                after_sensitive={"kms_key_id": True},
                replace_paths=[["size"]],
            ),
            _change("aws_instance.gone", ["forget"], {"instance_type": "t3.micro"}, None),
            _change(
                "aws_volume_attachment.data[0]",
                ["create"],
                None,
                {"device_name": "/dev/sdf"},
                index=0,
                after_unknown={"volume_id": True},
            ),
        ],
        "output_changes": {"secret": {"after": "never-read"}},
        "prior_state": {
            "format_version": "1.0",
            "values": {
                "root_module": {
                    "resources": [
                        {
                            "address": "data.aws_ami.linux",
                            "mode": "data",
                            "type": "aws_ami",
                            "name": "linux",
                            "values": {"id": "ami-1"},
                        }
                    ]
                }
            },
        },
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"references": ["var.region"]}}},
                "aws.us": {
                    "name": "aws",
                    "alias": "us",
                    "expressions": {
                        "region": {"constant_value": "us-east-1"},
                        "default_tags": [{"tags": {"constant_value": {"cost": "42"}}}],
                    },
                },
            },
            "root_module": {
                "resources": [
                    {
                        "address": "aws_volume_attachment.data",
                        "provider_config_key": "aws",
                        "expressions": {
                            "volume_id": {
                                "references": ["aws_ebs_volume.data", "count.index"],
                            },
                            "instance_id": {"references": ["module.app.group", "module.app"]},
                        },
                    },
                    {"address": "aws_ebs_volume.data", "provider_config_key": "aws"},
                ],
                "module_calls": {
                    "app": {
                        "expressions": {"volume": {"references": ["aws_ebs_volume.data[0].id"]}},
                        "module": {
                            "outputs": {
                                "group": {
                                    "expression": {"references": ["aws_eks_node_group.workers.id"]}
                                }
                            },
                            "resources": [
                                {
                                    "address": "aws_eks_node_group.workers",
                                    "provider_config_key": "aws.us",
                                    "expressions": {"labels": {"references": ["var.volume"]}},
                                }
                            ],
                        },
                    }
                },
            },
        },
    }


def terraform_state() -> Data:
    return {
        "format_version": "1.0",
        "terraform_version": "1.9.8",
        "values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            {
                                "address": "module.app.aws_eks_node_group.workers",
                                "mode": "managed",
                                "type": "aws_eks_node_group",
                                "name": "workers",
                                "values": {"arn": "arn:aws:eks:us-east-1:1:nodegroup/w"},
                                "sensitive_values": {},
                            }
                        ],
                        "address": "module.app",
                    }
                ]
            }
        },
    }


MANIFESTS = """\
# Source: shop/templates/all.yaml
apiVersion: karpenter.sh/v1
kind: NodePool
metadata:
  name: gpu
spec:
  template:
    metadata:
      labels: {team: shop}
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements:
        - {key: topology.kubernetes.io/zone, operator: In, values: [us-east-1a, us-east-1b]}
---
apiVersion: karpenter.k8s.aws/v1
kind: EC2NodeClass
metadata:
  name: default
spec: {role: nodes}
---
---
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 2
      template:
        spec:
          containers:
            - name: web
              env:
                - {name: DB_PASSWORD, value: never-seen}
                - {name: MODE, value: fast}
          volumes:
            - name: data
              persistentVolumeClaim: {claimName: data}
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: shop}
    spec: {resources: {requests: {storage: 10Gi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop}
data: {password: bmV2ZXItc2Vlbg==}
stringData: {user: never-seen}
"""


def render(*, desired: int = 2, group: str = "eks.aws.m.upbound.io") -> str:
    """What `crossplane render` prints: the XR, what is composed, and a result."""
    owned = """\
    labels: {crossplane.io/composite: demo}
    namespace: shop
    ownerReferences:
    - {apiVersion: example.org/v1, kind: XCluster, name: demo, controller: true, uid: ""}
"""
    owned = "\n".join(line[2:] for line in owned.splitlines())
    return f"""\
---
apiVersion: example.org/v1
kind: XCluster
metadata:
  name: demo
  namespace: shop
spec:
  size: small
status:
  conditions: [{{type: Ready, status: "False"}}]
---
apiVersion: {group}/v1beta1
kind: NodeGroup
metadata:
  annotations: {{crossplane.io/composition-resource-name: workers}}
  generateName: demo-
{owned}
spec:
  forProvider:
    region: eu-central-1
    clusterNameSelector: {{matchControllerRef: true}}
    nodeRoleArnRef: {{name: nodes}}
    scalingConfig: {{minSize: 1, maxSize: 5}}
    tags: {{team: shop}}
  initProvider:
    scalingConfig: {{desiredSize: {desired}, maxSize: 4}}
---
apiVersion: {group}/v1beta1
kind: Cluster
metadata:
  annotations: {{crossplane.io/composition-resource-name: cluster}}
{owned}
spec:
  forProvider: {{region: eu-central-1, version: "1.33"}}
---
apiVersion: iam.aws.upbound.io/v1beta1
kind: Role
metadata: {{name: nodes, labels: {{cost: "42"}}}}
spec:
  managementPolicies: [Observe]
  forProvider: {{assumeRolePolicy: "{{}}"}}
---
apiVersion: kubernetes.m.crossplane.io/v1alpha1
kind: Object
metadata:
  annotations: {{crossplane.io/composition-resource-name: pool}}
{owned}
spec:
  forProvider:
    manifest:
      apiVersion: karpenter.sh/v1
      kind: NodePool
      metadata: {{name: gpu}}
      spec: {{limits: {{cpu: 100}}}}
---
apiVersion: render.crossplane.io/v1beta1
kind: Result
message: no plan yet
severity: SEVERITY_WARNING
step: capacity
"""


def write(folder: Path, name: str, document: Data | str) -> str:
    """A document as a file; its path."""
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return str(path)


def changed(document: Data, **fields: Any) -> Data:
    """A copy with some top-level fields changed; None takes one away."""
    made = copy.deepcopy(document) | fields
    return {key: value for key, value in made.items() if value is not None}


def native_preview() -> Data:
    """Resources of the native providers, and Kubernetes objects, of a Pulumi program."""
    prefix = "urn:pulumi:dev::shop::"
    instance = state(
        f"{prefix}aws-native:ec2:Instance::web",
        {
            "instanceType": "m6i.large",
            "imageId": "ami-1",
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30, "volumeType": "gp3"}},
                {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 100, "iops": 4000}},
            ],
            "tags": [{"key": "team", "value": "shop"}],
        },
    )
    pool = state(
        f"{prefix}kubernetes:karpenter.sh/v1:NodePool::gpu",
        {
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": "gpu"},
            "spec": {"template": {"spec": {"nodeClassRef": {}}}, "limits": {"cpu": 100}},
        },
    )
    secret = state(
        f"{prefix}kubernetes:core/v1:Secret::login",
        {"metadata": {"name": "login"}, "stringData": {"password": "never-seen"}, "kind": "Secret"},
    )
    steps = [step("create", None, each) for each in (instance, pool, secret)]
    return {"config": {"aws-native:region": "eu-west-1"}, "steps": steps}
