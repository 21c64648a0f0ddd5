"""The recorder on real programs: what the SDK sends is what is recorded."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pulumi = pytest.importorskip("pulumi", reason="the pulumi environment has it")

from trimtab.errors import InfeasibleError, InputError  # noqa: E402
from trimtab.preview.records import PreviewRequest, Recording, ResourceRecord  # noqa: E402
from trimtab.resources.inputs import SECRET, UNKNOWN  # noqa: E402
from trimtab_components.engines.recorder import record  # noqa: E402

CLUSTER = """
    import pulumi
    import pulumi_aws as aws
    import pulumi_kubernetes as kubernetes

    class Network(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Network", name, None, opts)
            self.vpc = aws.ec2.Vpc(
                f"{name}-vpc", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self)
            )
            self.subnets = [
                aws.ec2.Subnet(
                    f"{name}-{zone}",
                    vpc_id=self.vpc.id,
                    availability_zone=zone,
                    opts=pulumi.ResourceOptions(parent=self.vpc),
                )
                for zone in aws.get_availability_zones(state="available").names
            ]
            self.register_outputs({})

    config = pulumi.Config()
    network = Network("net")
    role = aws.iam.Role("role", assume_role_policy="{}", tags={"token": config.get_secret("token")})
    cluster = aws.eks.Cluster(
        "cluster",
        role_arn=role.arn,
        vpc_config={"subnet_ids": [subnet.id for subnet in network.subnets]},
        opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True),
    )
    aws.ec2.SecurityGroupRule(
        "rule",
        type="ingress",
        from_port=443,
        to_port=443,
        protocol="tcp",
        security_group_id=cluster.vpc_config.cluster_security_group_id,
    )
    group = aws.eks.NodeGroup(
        "group",
        cluster_name=cluster.name,
        node_role_arn=role.arn,
        subnet_ids=[],
        scaling_config={"min_size": 1, "desired_size": config.require_int("desired"), "max_size": 5},
        opts=pulumi.ResourceOptions(
            ignore_changes=["scalingConfig.desiredSize"],
            aliases=[pulumi.Alias(name="former"), pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)],
        ),
    )
    provider = kubernetes.Provider("k8s", kubeconfig=cluster.endpoint)
    explicit = pulumi.ResourceOptions(provider=provider)
    space = kubernetes.core.v1.Namespace(
        "space", metadata={"labels": {"a": "b"}}, opts=explicit
    )
    kubernetes.core.v1.ConfigMap(
        "settings",
        metadata={"name": "fixed", "namespace": space.metadata["name"]},
        data={"open": "yes", "shut": pulumi.Output.secret("hush")},
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[group]),
    )
    pulumi.export("endpoint", cluster.endpoint)
"""
CONFIG = """
    config:
      aws:region: eu-west-1
      desired: 3
      token:
        secure: v1:abc:def
"""


Write = Callable[..., Path]


def run(folder: Path, **config: str) -> Recording:
    return record(PreviewRequest(folder, "dev", config))


def by_name(recording: Recording) -> dict[str, ResourceRecord]:
    return {found.name: found for found in recording.records}


@pytest.fixture
def cluster(project: Write) -> Path:
    return project(CLUSTER, CONFIG)


def test_urns_and_parents_are_the_engines(cluster: Path) -> None:
    found = by_name(run(cluster))
    stack = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
    network = "urn:pulumi:dev::demo::demo:index:Network::net"
    vpc = "urn:pulumi:dev::demo::demo:index:Network$aws:ec2/vpc:Vpc::net-vpc"
    assert (found["demo-dev"].urn, found["demo-dev"].parent) == (stack, "")
    assert (found["net"].urn, found["net"].parent, found["net"].custom) == (network, stack, False)
    assert (found["net-vpc"].urn, found["net-vpc"].parent) == (vpc, network)
    zone = found["net-eu-west-1b"]
    assert zone.urn.endswith(
        "::demo:index:Network$aws:ec2/vpc:Vpc$aws:ec2/subnet:Subnet::net-eu-west-1b"
    )
    assert (zone.parent, zone.dependencies) == (vpc, (vpc,))
    assert zone.property_dependencies == {"vpcId": (vpc,)}


def test_inputs_are_plain_with_unknowns_and_masks(cluster: Path) -> None:
    found = by_name(run(cluster))
    assert found["group"].inputs == {
        "clusterName": UNKNOWN,
        "nodeRoleArn": UNKNOWN,
        "scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 5},
        "subnetIds": [],
    }
    assert type(found["group"].inputs["scalingConfig"]["desiredSize"]) is int
    assert found["role"].inputs["tags"] == {"token": SECRET}
    assert found["settings"].inputs["data"] == {"open": "yes", "shut": SECRET}
    # Computed inside an object that the program gives: unknown, not absent.
    assert found["rule"].inputs["securityGroupId"] == UNKNOWN
    assert found["settings"].inputs["metadata"] == {"name": "fixed", "namespace": UNKNOWN}


def test_options_are_recorded(cluster: Path) -> None:
    found = by_name(run(cluster))
    assert (found["cluster"].protect, found["cluster"].retain_on_delete) == (True, True)
    assert found["group"].ignore_changes == ("scalingConfig.desiredSize",)
    assert found["group"].aliases == ("name=former", "parent=none")
    assert found["settings"].provider == f"{found['k8s'].urn}::{UNKNOWN}"
    assert found["settings"].dependencies == tuple(sorted([found["group"].urn, found["space"].urn]))


def test_two_runs_are_equal_and_leave_nothing_behind(cluster: Path) -> None:
    before = (Path.cwd(), list(sys.path), list(sys.argv))
    first = run(cluster)
    assert first == run(cluster)
    assert (Path.cwd(), list(sys.path), list(sys.argv)) == before
    assert pulumi.runtime.get_root_resource() is None
    assert [found.urn for found in first.records] == sorted(found.urn for found in first.records)


def test_config_comes_from_overrides_then_the_stack_then_the_project(project: Write) -> None:
    folder = project(
        """
        import pulumi
        config, other = pulumi.Config(), pulumi.Config("other")
        pulumi.ComponentResource("demo:index:Thing", "thing", {
            "a": config.get("a"), "b": config.get_int("b"), "c": config.get_bool("c"),
            "d": config.get_object("d"), "asOf": other.get("asOf"), "e": config.get("e"),
        })
        """,
        """
        config:
          a: stack
          demo:b: 2
          c: true
          d: {x: [1, two]}
          other:asOf: 2026-11-01T00:00:00Z
        """,
    )
    text = (folder / "Pulumi.yaml").read_text("utf-8")
    (folder / "Pulumi.yaml").write_text(
        text + "config:\n  a: project\n  e: {type: string, default: fallback}\n", "utf-8"
    )
    expected = {
        "a": "stack",
        "b": 2,
        "c": True,
        "d": {"x": [1, "two"]},
        "asOf": "2026-11-01T00:00:00Z",
        "e": "fallback",
    }
    recording = run(folder)
    assert by_name(recording)["thing"].inputs == expected
    assert recording.config["other:asOf"] == "2026-11-01T00:00:00Z"
    overridden = run(folder, **{"a": "mine", "demo:b": "7"})
    assert by_name(overridden)["thing"].inputs == {**expected, "a": "mine", "b": 7}


def test_transforms_change_what_is_recorded(project: Write) -> None:
    folder = project(
        """
        import pulumi
        import pulumi_aws as aws

        def tagged(args):
            if args.type_ == "aws:ec2/vpc:Vpc":
                options = pulumi.ResourceOptions.merge(
                    args.opts, pulumi.ResourceOptions(protect=True)
                )
                return pulumi.ResourceTransformResult({**args.props, "tags": {"by": "all"}}, options)

        def wider(args):
            return pulumi.ResourceTransformResult({**args.props, "cidrBlock": "10.9.0.0/16"}, args.opts)

        pulumi.runtime.register_resource_transform(tagged)
        aws.ec2.Vpc("a", cidr_block="10.0.0.0/16")
        aws.ec2.Vpc("b", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(transforms=[wider]))
        """
    )
    found = by_name(run(folder))
    assert found["a"].inputs == {"cidrBlock": "10.0.0.0/16", "tags": {"by": "all"}}
    assert found["b"].inputs == {"cidrBlock": "10.9.0.0/16", "tags": {"by": "all"}}
    assert (found["a"].protect, found["b"].protect) == (True, True)


def test_what_the_program_only_reads_is_marked(project: Write) -> None:
    folder = project(
        """
        import pulumi_aws as aws
        theirs = aws.ec2.Vpc.get("theirs", "vpc-123")
        aws.ec2.Subnet("ours", vpc_id=theirs.id, cidr_block=theirs.cidr_block)
        """
    )
    found = by_name(run(folder))
    assert found["theirs"].existing
    assert found["ours"].inputs["cidrBlock"] == UNKNOWN


def test_a_stand_in_is_said_and_a_missing_answer_names_its_place(project: Write) -> None:
    program = """
        import pulumi_aws as aws
        image = aws.ec2.get_ami(owners=["amazon"], most_recent=True)
        aws.ec2.Instance("box", ami=image.id, tags={"by": aws.get_caller_identity().account_id})
    """
    folder = project(program)
    with pytest.raises(InputError) as caught:
        run(folder)
    assert "the program calls aws:ec2/getAmi" in str(caught.value)
    assert "stacks/preview-fixtures.yaml" in str(caught.value)
    fixtures = (
        "aws:ec2/getAmi:\n- {when: {owners: [self]}, answer: {id: no}}\n- answer: {id: ami-1}\n"
    )
    (folder / "stacks" / "preview-fixtures.yaml").write_text(fixtures, "utf-8")
    recording = run(folder)
    assert by_name(recording)["box"].inputs["ami"] == "ami-1"
    assert recording.notes == ("aws:index/getCallerIdentity is answered by a stand-in",)


def test_an_output_form_call_is_answered_too(project: Write) -> None:
    folder = project(
        """
        import pulumi_aws as aws
        zones = aws.get_availability_zones_output(state="available", region="ap-south-1")
        aws.ec2.Subnet("net", vpc_id="vpc-1", availability_zone=zones.names[0])
        """
    )
    assert by_name(run(folder))["net"].inputs["availabilityZone"] == "ap-south-1a"


def test_a_stand_in_for_a_region_that_is_not_set_is_an_error(project: Write) -> None:
    folder = project("import pulumi_aws as aws\naws.get_region()\n")
    with pytest.raises(InputError, match="the stack has no region; set aws:region"):
        run(folder)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("x = 1\nx.y\n", "stacks/__main__.py:2: the program fails: AttributeError: 'int' object"),
        ("import helper\nhelper.work()\n", "stacks/helper.py:2: the program fails: KeyError: 'a'"),
        ("def f(:\n", "stacks/__main__.py:1: the program fails: SyntaxError:"),
        ("import nothing_here\n", "stacks/__main__.py:1: the program fails: ModuleNotFoundError:"),
        ("import sys\nsys.exit(3)\n", "stacks/__main__.py: the program exits with 3"),
        (
            "import pulumi\npulumi.Config().require('size')\n",
            "stacks/__main__.py:2: the program fails: Missing required configuration variable",
        ),
        (
            "import pulumi\npulumi.Output.from_input(1).apply(lambda n: n / 0)\n",
            "stacks/__main__.py:2: the program fails: ZeroDivisionError: division by zero",
        ),
        (
            "import pulumi_aws as aws\naws.ec2.Eip('a')\naws.ec2.Eip('a')\n",
            "the program registers 'a' (aws:ec2/eip:Eip) twice",
        ),
        ("import pulumi\npulumi.log.error('no good')\n", "the program logs an error: no good"),
    ],
)
def test_a_failing_program_is_one_line_with_its_place(
    project: Write, program: str, message: str
) -> None:
    folder = project(program, helper="def work():\n    return {}['a']\n")
    with pytest.raises(InputError) as caught:
        run(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["directly", "in an apply"])
def test_the_programs_own_errors_pass_as_they_are(project: Write, where: str) -> None:
    body = (
        "fail()" if where == "directly" else "pulumi.Output.from_input(1).apply(lambda _: fail())"
    )
    folder = project(
        "import pulumi\n"
        "from trimtab.errors import InfeasibleError\n"
        "def fail():\n"
        "    raise InfeasibleError('nothing fits', where='plan.yaml')\n"
        f"{body}\n"
    )
    with pytest.raises(InfeasibleError, match=r"^plan\.yaml: nothing fits$"):
        run(folder)


def test_a_clean_exit_is_an_end(project: Write) -> None:
    folder = project("import sys\nimport pulumi_aws as aws\naws.ec2.Eip('a')\nsys.exit(0)\n")
    assert "a" in by_name(run(folder))


def test_a_program_sees_its_own_modules_of_today(project: Write) -> None:
    program = "import pulumi_aws as aws\nimport sizes\naws.ec2.Eip('a', tags={'n': sizes.N})\n"
    for value in ("one", "two"):
        folder = project(program)
        (folder / "stacks" / "sizes.py").write_text(f"N = {value!r}\n", "utf-8")
        os.utime(folder / "stacks" / "sizes.py", ns=(0, len(value) * 10**12))
        assert by_name(run(folder))["a"].inputs["tags"] == {"n": value}
        for cache in (folder / "stacks").glob("__pycache__/*"):
            cache.unlink()


def test_prints_go_to_stderr(project: Write, capfd: pytest.CaptureFixture[str]) -> None:
    run(project("print('hello')\n"))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_warnings_are_noted(project: Write) -> None:
    recording = run(project("import pulumi\npulumi.log.warn('mind the gap')\n"))
    assert recording.notes == ("the program warns: mind the gap",)


def test_additional_secret_outputs_stay_secret(project: Write) -> None:
    folder = project(
        """
        import pulumi, pulumi_aws as aws
        options = pulumi.ResourceOptions(additional_secret_outputs=["cidr_block"])
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=options)
        aws.ec2.Subnet("net", vpc_id=vpc.id, cidr_block=vpc.cidr_block)
        """
    )
    assert by_name(run(folder))["net"].inputs["cidrBlock"] == SECRET
