"""One table of accepted and rejected plans, for every layer that reads them.

pydantic, the JSON Schema and the API server (the CRD's schema and CEL rules) must say the same of
each row; a row that one of them cannot judge says why.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.plans import START, plan_data, windows

Data = dict[str, Any]
Mutation = Callable[[Data], object]

FIELDS_COMPARED = "JSON Schema compares no two values"
KEYS_UNIQUE = "JSON Schema knows no keyed lists"
FORMATS = "JSON Schema's formats are annotations unless a validator is told otherwise"


@dataclass(frozen=True)
class Case:
    """A document that is one step from a valid one.

    Attributes:
        sentence: what is special about it, for a human.
        mutate: changes the valid document in place.
        pydantic: a part of Trimtab's error; None where the plan is accepted.
        server: a part of the API server's error, where it words it otherwise.
        not_in_schema: why the JSON Schema accepts it all the same.
        base: the valid one; None: a plan.
    """

    sentence: str
    mutate: Mutation
    pydantic: str | None = None
    server: str | None = None
    not_in_schema: str | None = None
    base: Data | None = None

    @property
    def document(self) -> Data:
        """The document as plain data."""
        data = plan_data() if self.base is None else copy.deepcopy(self.base)
        self.mutate(data)
        return copy.deepcopy(data)  # the rows' values are shared

    @property
    def server_message(self) -> str:
        """A part of the API server's error."""
        return self.server or self.pydantic or ""

    def __str__(self) -> str:
        return self.sentence if self.base is None else f"{self.base['kind']}: {self.sentence}"


def put(path: str, value: object) -> Mutation:
    """Set the field at a path such as `pools.0.name`, under `spec`."""

    def mutate(data: Data) -> None:
        parent, key = _parent(data["spec"], path)
        parent[key] = value

    return mutate


def drop(path: str) -> Mutation:
    """Remove the field at a path under `spec`."""

    def mutate(data: Data) -> None:
        parent, key = _parent(data["spec"], path)
        del parent[key]

    return mutate


def metadata(**fields: object) -> Mutation:
    """Set fields of `metadata`."""
    return lambda data: data["metadata"].update(fields)


def _parent(node: Any, path: str) -> tuple[Any, Any]:
    *outer, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in outer:
        node = node[part]
    return node, last


POOL = "pools.0"
GROUP = "pools.0.groups.2"  # the spot group
PURCHASE = f"{GROUP}.purchase"
WINDOW = f"{GROUP}.windows.0"
COMMITMENT: Data = {
    "digest": "sha256:" + "a" * 64,
    "pool": "trainer",
    "group": "reserved",
    "provider": "aws",
    "region": "us-east-1",
    "instanceType": "p4d.24xlarge",
    "term": "1y",
    "quantity": 5,
    "usdPerHour": 19.2,
    "onDemandUsdPerHour": 32.77,
    "bindingUsd": 841_000.0,
    "breakEvenUtilisation": 0.59,
    "expectedUtilisation": 0.97,
    "lastNodeUtilisation": 0.9,
}
TIER: Data = {
    "name": "hot",
    "intent": "hot",
    "backend": "ebs-gp3",
    "volumes": 4,
    "windows": [
        {
            "start": START.isoformat(),
            "end": "2026-11-01T06:00:00Z",
            "gib": 1000.0,
            "iops": 16000.0,
            "mibps": 500.0,
        },
        {"start": "2026-11-01T06:00:00Z", "end": "2026-11-01T12:00:00Z", "gib": 1200.0},
    ],
    "usdPerGibMonth": 0.08,
    "expected": {
        "usedGib": {"mean": 700.0, "low": 600.0, "high": 800.0},
        "usdPerHour": {"mean": 0.12, "low": 0.12, "high": 0.12},
        "operationsUsdPerHour": 0.0,
    },
    "reason": {
        "backend": "the cheapest of 2",
        "forecast": "weekly",
        "gibQuantile": 0.99,
        "speedQuantile": 0.95,
        "fillLimit": 0.85,
        "runningGib": 900.0,
    },
    "candidates": [
        {"backend": "ebs-gp3", "usdPerHour": 0.12},
        {"backend": "ebs-st1", "refused": "its volumes start at 125 GiB"},
    ],
}


def tier(*sizes: tuple[str, Any], **changes: Any) -> Data:
    """The tier with other fields of its second window, and of its own."""
    first, second = TIER["windows"]
    return {**TIER, "windows": [first, {**second, **dict(sizes)}], **changes}


ACCEPTED: tuple[Case, ...] = (
    Case("a plan as it stands", metadata()),
    Case("a plan with storage", put("storage", [TIER])),
    Case("a tier of the same GiB throughout", put("storage", [tier(("gib", 1000.0))])),
    Case("a tier of a count that protobuf turned into a float",
         put("storage", [tier(volumes=4.0)])),
    Case("null for the storage", put("storage", None)),
    Case("two tiers", put("storage", [TIER, tier(name="cold", intent="cold", backend="ebs-sc1")])),
    # Scalars.
    Case("a count that protobuf turned into a float", put(f"{WINDOW}.min", 2.0)),
    Case("a spot pool count that protobuf turned into a float", put(f"{PURCHASE}.pools", 2.0)),
    Case("the largest count", put(f"{WINDOW}.max", 100_000)),
    Case("an integer where a number is asked", put(f"{POOL}.interruptibleShare", 1)),
    Case("an amount of zero", put(f"{GROUP}.expected.usdPerHour", 0)),
    Case("a very large amount", put(f"{POOL}.expected.shortageUnitHours", 1e300)),
    Case("text of the longest length, in characters and not in bytes",
         put("site.region", "é" * 253)),
    # Instants.
    Case("an instant in Zulu time", put("start", "2026-11-01T00:00:00Z")),
    Case("an instant with an offset", put("start", "2026-11-01T05:30:00+05:30")),
    Case("the leap day of a leap year", put("validUntil", "2028-02-29T00:00:00Z")),
    # Null, absent and empty.
    Case("null for an optional field", put(f"{GROUP}.accelerator", None)),
    Case("null for an optional number", put(f"{GROUP}.expected.kgco2ePerHour", None)),
    Case("null for a field with a default", put(f"{GROUP}.taints", None)),
    Case("null for the owner", put(f"{POOL}.owner", None)),
    Case("null for the metadata's labels", metadata(labels=None)),
    Case("an empty owner", put(f"{POOL}.owner", {})),
    Case("empty labels", put(f"{POOL}.labels", {})),
    Case("no labels", drop(f"{POOL}.labels")),
    Case("no owner", drop(f"{POOL}.owner")),
    Case("no fallback", drop("fallback")),
    Case("no commitments", drop("commitments")),
    Case("no price", drop(f"{GROUP}.offers.0.usdPerHour")),
    Case("a taint without a value",
         put(f"{GROUP}.taints", [{"key": "dedicated", "effect": "NoExecute"}])),
    # Labels.
    Case("a label with a prefix", put(f"{POOL}.labels", {"example.com/gpu-type": "a100"})),
    Case("a label without a value", put(f"{POOL}.labels", {"gpu": ""})),
    Case("an annotation whose prefix has capitals", metadata(annotations={"Example.com/x": "any"})),
    Case("a name with dots", metadata(name="plan.team-a.example")),
    Case("what a cluster adds to an object",
         lambda data: (data["metadata"].update(finalizers=["example.com/keep"]),
                       data.update(status={"seen": True}))),
    # Purchases.
    Case("a commitment that is held already",
         put("pools.0.groups.0.purchase", {"option": "reserved", "term": "3y"})),
    Case("null for a reserved group's proposal",
         put("pools.0.groups.0.purchase", {"option": "reserved", "term": "3y", "commitment": None})),
    Case("a held reservation by its id",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "open",
              "reservation": {"id": "cr-0a1b", "zone": "us-east-1a"}})),
    Case("a held reservation by its resource group",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "open", "commitment": None,
              "reservation": {"id": None, "groupArn": "arn:aws:resource-groups:x"}})),
    Case("null for a reserved group's reservation",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "1y", "reservation": None})),
    Case("a capacity block with its start and zone",
         put(PURCHASE, {"option": "capacity-block", "reservationId": "cr-0a1b",
                        "startsAt": "2026-11-01T00:00:00Z", "endsAt": "2026-11-02T00:00:00Z",
                        "zone": "us-east-1a"})),
    Case("a capacity block",
         put(PURCHASE, {"option": "capacity-block", "reservationId": "cr-0a1b",
                        "endsAt": "2026-11-02T00:00:00Z"})),
    Case("owned machines", put(PURCHASE, {"option": "owned", "site": "frankfurt-1"})),
    Case("an uninterruptible pool without spot",
         lambda data: (put(f"{POOL}.interruptibleShare", 0)(data), drop(GROUP)(data))),
    # Windows.
    Case("one window", put(f"{GROUP}.windows", windows((1, 1, 1)))),
    Case("as many windows as a group may have",
         put(f"{GROUP}.windows", windows(*[(1, 2, 3)] * 48, hours=1))),
    Case("a group at zero", put(f"{GROUP}.windows", windows((0, 0, 0)))),
    # Commitments.
    Case("a proposed commitment", put("commitments", [COMMITMENT])),
)  # fmt: skip

REJECTED: tuple[Case, ...] = (
    # Scalars.
    Case("a count as text", put(f"{WINDOW}.min", "3"),
         "spec.pools[0].groups[2].windows[0].min: Input should be a valid integer (found '3')",
         "min: expected numeric"),
    Case("a count as a truth value", put(f"{WINDOW}.min", True), "valid integer (found True)",
         "min: expected numeric"),
    Case("half a node", put(f"{WINDOW}.min", 2.5), "valid integer", "must be of type integer"),
    Case("a negative count", put(f"{WINDOW}.min", -1), "greater than or equal to 0"),
    Case("a count above the largest", put(f"{WINDOW}.max", 100_001),
         "less than or equal to 100000"),
    Case("an amount as text", put(f"{GROUP}.expected.nodes", "3"), "valid number",
         "nodes: expected numeric"),
    Case("a negative amount", put(f"{GROUP}.expected.nodes", -0.1), "greater than or equal to 0"),
    Case("no units on a node", put(f"{GROUP}.unitsPerNode", 0), "greater than 0"),
    Case("a share above one", put(f"{POOL}.interruptibleShare", 1.01), "less than or equal to 1"),
    Case("a number for text", put("site.region", 5), "valid string", "region: expected string"),
    Case("an empty instance type", put(f"{GROUP}.offers.0.instanceType", ""),
         "at least 1 character", "at least 1 chars long"),
    Case("text above the longest length", put("site.region", "é" * 254), "at most 253 characters",
         "may not be more than 253"),
    Case("a digest in capitals", put("evidence.inputs.0.digest", "sha256:" + "A" * 64),
         "should match pattern", "should match"),
    Case("an unknown unit", put(f"{POOL}.unit", "tpus"), "'gpus', 'nodes', 'vcpus'",
         '"gpus", "nodes", "vcpus"'),
    Case("another fallback", put("fallback", "scale-to-zero"), "'keep-running'", '"keep-running"'),
    # Instants.
    Case("an instant without a zone", put("start", "2026-11-01T00:00:00"), "with its zone",
         "should match"),
    Case("a date", put("start", "2026-11-01"), "with its zone", "should match"),
    Case("an instant with a blank", put("start", "2026-11-01 00:00:00Z"), "with its zone",
         "should match"),
    Case("a fraction of a second", put("start", "2026-11-01T00:00:00.5Z"), "to the second",
         "should match"),
    Case("a number of milliseconds", put("start", 1_793_491_200_000), "with its zone",
         "spec.start in body must be of type"),
    Case("the same as text", put("start", "1793491200000"), "with its zone", "should match"),
    Case("a thirteenth month", put("validUntil", "2026-13-01T00:00:00Z"), "with its zone",
         "should match"),
    Case("the 30th of February", put("validUntil", "2027-02-30T00:00:00Z"), "day is out of range",
         "must be of type date-time", FORMATS),
    # Null, absent and unknown.
    Case("null for a required list", put(f"{GROUP}.windows", None), "windows: Field required",
         "must be of type array"),
    Case("null for a label's value", put(f"{POOL}.labels", {"gpu": None}), "valid string",
         "must be of type string"),
    Case("no windows", put(f"{GROUP}.windows", []), "at least 1 item", "at least 1 items"),
    Case("no site", drop("site"), "spec.site: Field required", "spec.site: Required value"),
    Case("no pools", put("pools", []), "at least 1 item", "at least 1 items"),
    Case("no spec", lambda data: data.pop("spec"), "spec: Field required", "spec: Required value"),
    Case("an unknown field", put(f"{POOL}.colour", "red"), "spec.pools[0].colour: unknown field",
         "colour: field not declared"),
    Case("an unknown field that is null", put(f"{POOL}.colour", None), "colour: unknown field",
         "colour: field not declared"),
    Case("a field by its Python name",
         lambda data: data["spec"].update(as_of=data["spec"].pop("asOf")),
         "did you mean asOf?", "as_of: field not declared"),
    Case("an unknown field of metadata", metadata(lables={}), "did you mean labels?",
         "lables: field not declared"),
    Case("a map for a list", put(f"{GROUP}.windows", {}), "valid list", "expected list"),
    Case("a list for a map", put(f"{POOL}.labels", []), "valid mapping", "expected map"),
    # Names and labels.
    Case("a pool's name in capitals", put(f"{POOL}.name", "Trainer"), "should match pattern",
         "should match"),
    Case("a pool's name that ends in a line feed", put(f"{POOL}.name", "trainer\n"),
         "should match pattern", "should match",
         "Python's $ stands before a last line feed, too; ECMA's does not"),
    Case("a pool's name above 40 characters", put(f"{POOL}.name", "p" * 41),
         "at most 40 characters", "may not be more than 40"),
    Case("a plan's name with two dots in a row", metadata(name="a..b"), "should match pattern",
         "RFC 1123 subdomain"),
    Case("a label's key with a blank", put(f"{POOL}.labels", {"gpu type": "a100"}),
         "spec.pools[0].labels.gpu type: String should match pattern", "a label's key must be"),
    Case("a label's key with two prefixes", put(f"{POOL}.labels", {"a/b/c": "a100"}),
         "should match pattern", "a label's key must be"),
    Case("a label's key whose name is above 63 characters",
         put(f"{POOL}.labels", {"k" * 64: "x"}), "should match pattern", "a label's key must be"),
    Case("a label's value with a blank", put(f"{POOL}.labels", {"gpu": "nvidia a100"}),
         "should match pattern", "should match"),
    Case("a label of metadata with a blank", metadata(labels={"team": "a b"}),
         "should match pattern", "a valid label must be"),
    Case("an owner that is no label's value", put(f"{POOL}.owner.team", "Team Vision!"),
         "should match pattern", "should match"),
    Case("a taint's key with a blank",
         put(f"{GROUP}.taints", [{"key": "a b", "effect": "NoSchedule"}]), "should match pattern",
         "should match"),
    # Purchases.
    Case("an unknown purchase option", put(PURCHASE, {"option": "preemptible"}),
         "'capacity-block', 'owned'", '"capacity-block", "on-demand", "owned"'),
    Case("no purchase option", put(PURCHASE, {}), "purchase: Unable to extract tag",
         "purchase.option: Required value"),
    Case("null for the purchase option", put(PURCHASE, {"option": None}), "spec.pools[0]",
         "purchase.option"),
    Case("a term on a spot group", put(f"{PURCHASE}.term", "1y"), "purchase.term: unknown field",
         "term goes only with option reserved"),
    Case("spot pools on an on-demand group",
         put("pools.0.groups.1.purchase", {"option": "on-demand", "pools": 2}),
         "purchase.pools: unknown field", "pools goes only with option spot"),
    Case("a commitment on an on-demand group",
         put("pools.0.groups.1.purchase",
             {"option": "on-demand", "commitment": "sha256:" + "a" * 64}),
         "purchase.commitment: unknown field", "commitment goes only with option reserved"),
    Case("a site on a spot group", put(f"{PURCHASE}.site", "attic"), "purchase.site: unknown field",
         "site goes only with option owned"),
    Case("a reservation on a spot group", put(f"{PURCHASE}.reservationId", "cr-1"),
         "purchase.reservationId: unknown field",
         "reservationId goes only with option capacity-block"),
    Case("an end on a spot group", put(f"{PURCHASE}.endsAt", "2026-11-02T00:00:00Z"),
         "purchase.endsAt: unknown field", "endsAt goes only with option capacity-block"),
    Case("spot without its pools", drop(f"{PURCHASE}.pools"), "purchase.pools: Field required",
         "option spot needs pools"),
    Case("reserved without a term", put(PURCHASE, {"option": "reserved"}),
         "purchase.term: Field required", "option reserved needs term"),
    Case("a held reservation by id and by resource group",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "open",
              "reservation": {"id": "cr-1", "groupArn": "arn:aws:resource-groups:x"}}),
         "a held reservation is named by exactly one of id and groupArn",
         not_in_schema=FIELDS_COMPARED),
    Case("a held reservation that nothing names",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "open", "reservation": {"zone": "us-east-1a"}}),
         "a held reservation is named by exactly one of id and groupArn",
         not_in_schema=FIELDS_COMPARED),
    Case("a held reservation with a term",
         put("pools.0.groups.0.purchase",
             {"option": "reserved", "term": "1y", "reservation": {"id": "cr-1"}}),
         "a held reservation has the term open, and no commitment to be bought",
         not_in_schema=FIELDS_COMPARED),
    Case("a held reservation on a spot group", put(f"{PURCHASE}.reservation", {"id": "cr-1"}),
         "purchase.reservation: unknown field", "reservation goes only with option reserved"),
    Case("a capacity block that ends as it starts",
         put(PURCHASE, {"option": "capacity-block", "reservationId": "cr-1",
                        "startsAt": "2026-11-02T00:00:00Z", "endsAt": "2026-11-02T00:00:00Z"}),
         "a capacity block must start before it ends", not_in_schema=FIELDS_COMPARED),
    Case("a capacity block without an end",
         put(PURCHASE, {"option": "capacity-block", "reservationId": "cr-1"}),
         "purchase.endsAt: Field required", "option capacity-block needs endsAt"),
    Case("a capacity block without a reservation",
         put(PURCHASE, {"option": "capacity-block", "endsAt": "2026-11-02T00:00:00Z"}),
         "purchase.reservationId: Field required", "option capacity-block needs reservationId"),
    Case("owned without a site", put(PURCHASE, {"option": "owned"}),
         "purchase.site: Field required", "option owned needs site"),
    Case("a term of two years",
         put("pools.0.groups.0.purchase", {"option": "reserved", "term": "2y"}), "'1y', '3y' or 'open'",
         '"1y", "3y"'),
    # Rules that span fields.
    Case("a minimum above the desired size", put(f"{WINDOW}.min", 4),
         "spec.pools[0].groups[2].windows[0]: sizes must satisfy min <= desired <= max",
         "sizes must satisfy min <= desired <= max", FIELDS_COMPARED),
    Case("a desired size above the maximum", put(f"{WINDOW}.desired", 5),
         "sizes must satisfy min <= desired <= max", not_in_schema=FIELDS_COMPARED),
    Case("a window that ends as it starts", put(f"{WINDOW}.end", START.isoformat()),
         "a window must start before it ends", not_in_schema=FIELDS_COMPARED),
    Case("a gap between windows", put(f"{GROUP}.windows.1.start", "2026-11-01T05:00:00Z"),
         "without gap or overlap", not_in_schema=FIELDS_COMPARED),
    Case("windows that overlap", put(f"{GROUP}.windows.0.end", "2026-11-01T05:00:00Z"),
         "without gap or overlap", not_in_schema=FIELDS_COMPARED),
    Case("windows in disorder",
         put(f"{GROUP}.windows", windows((1, 1, 1), (1, 1, 1))[::-1]),
         "without gap or overlap", not_in_schema=FIELDS_COMPARED),
    Case("one window too many", put(f"{GROUP}.windows", windows(*[(1, 2, 3)] * 49, hours=1)),
         "at most 48 items", "at most 48"),
    Case("spot in a pool that must not be interrupted", put(f"{POOL}.interruptibleShare", 0),
         "must not hold a spot group", not_in_schema=FIELDS_COMPARED),
    Case("two groups of one name", put(f"{GROUP}.name", "reserved"), "group names must be unique",
         'duplicate entries for key [name="reserved"]', KEYS_UNIQUE),
    Case("two pools of one name", lambda data: data["spec"]["pools"].append(data["spec"]["pools"][0]),
         "pool names must be unique", 'duplicate entries for key [name="trainer"]', KEYS_UNIQUE),
    Case("a commitment for a pool that is not in the plan",
         put("commitments", [{**COMMITMENT, "pool": "elsewhere"}]),
         "must name a pool of the plan", not_in_schema=FIELDS_COMPARED),
    Case("a commitment for no nodes", put("commitments", [{**COMMITMENT, "quantity": 0}]),
         "greater than or equal to 1"),
    Case("a plan that expires as it starts", put("validUntil", START.isoformat()),
         "must start before it expires", not_in_schema=FIELDS_COMPARED),
    Case("a plan that starts before it was made", put("start", "2026-10-31T23:00:00Z"),
         "not before it was made", not_in_schema=FIELDS_COMPARED),
    # Storage.
    Case("a tier whose GiB fall", put("storage", [tier(("gib", 999.0))]),
         "a tier's GiB must not fall: volumes can't shrink", not_in_schema=FIELDS_COMPARED),
    Case("a gap between a tier's windows",
         put("storage", [tier(("start", "2026-11-01T07:00:00Z"))]),
         "without gap or overlap", not_in_schema=FIELDS_COMPARED),
    Case("a tier's window that ends as it starts",
         put("storage", [tier(("end", "2026-11-01T06:00:00Z"))]),
         "a window must start before it ends", not_in_schema=FIELDS_COMPARED),
    Case("two tiers of one name", put("storage", [TIER, TIER]),
         "storage tiers must have names of their own", 'duplicate entries for key [name="hot"]',
         KEYS_UNIQUE),
    Case("no tiers", put("storage", []), "at least 1 item", "at least 1 items"),
    Case("an unknown intent", put("storage", [tier(intent="lukewarm")]), "'hot', 'warm'",
         '"hot", "warm"'),
    Case("a tier without windows", put("storage", [{**TIER, "windows": []}]), "at least 1 item",
         "at least 1 items"),
    Case("a negative size", put("storage", [tier(("gib", -1.0))]),
         "greater than or equal to 0"),
)  # fmt: skip
