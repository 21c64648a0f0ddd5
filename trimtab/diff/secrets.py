"""Which values of a resource's inputs are secret though no engine marks them: by their names and shapes.

What an engine marks as secret is masked while it is read. A password that a program writes as plain text is
not, and a change's fields are what a pull request shows of it. So whatever is called like a secret, stands
in a resource that is one, or has a secret's shape is masked before it is told. That it changed is told.
"""

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trimtab.resources.inputs import SECRET, UNKNOWN

_WORD = re.compile(
    "password|passwd|passphrase|secret|token|credential|apikey|privatekey|kubeconfig|sensitive"
    "|^(?:pwd|pem|pfx|sas)$"
)
_KEYS = frozenset(
    [
        "access",
        "account",
        "admin",
        "api",
        "app",
        "auth",
        "client",
        "encryption",
        "host",
        "license",
        "master",
        "primary",
        "private",
        "secondary",
        "secret",
        "service",
        "shared",
        "signing",
        "storage",
        "webhook",
    ]
)
"""Before `key`: what makes it a secret; `partition key` and `key name` are none."""
_PAIRS = frozenset({("connection", "string"), ("connection", "strings"), ("auth", "header")})
_OPAQUE = frozenset({"userdata", "customdata", "startupscript", "metadatastartupscript"})
"""What a machine runs when it starts: scripts hold passwords, and nobody reads them in a table."""
_TELLS_OF = frozenset(
    [
        "algorithm",
        "arn",
        "arns",
        "backend",
        "class",
        "count",
        "day",
        "days",
        "description",
        "driver",
        "enabled",
        "expiry",
        "id",
        "ids",
        "interval",
        "kind",
        "length",
        "lifetime",
        "manager",
        "minute",
        "minutes",
        "mode",
        "name",
        "names",
        "namespace",
        "path",
        "policy",
        "ref",
        "refs",
        "required",
        "rotation",
        "seconds",
        "selector",
        "size",
        "type",
        "ttl",
        "url",
        "version",
        "versions",
    ]
)
"""As the last word of a name: it tells something of a secret, not the secret."""
_SAYS_OF = frozenset(
    ["allow", "enable", "disable", "has", "is", "max", "min", "num", "require", "requires", "use"]
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_SECRET_KIND = re.compile(
    r"secret|password|credential|private_?key|access_?key|(?:^|[_/])token|sensitive", re.IGNORECASE
)
_NAMED = (
    r"(?:password|passwd|passphrase|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|"
    r"account[_-]?key|private[_-]?key|(?<![a-z])sig)"
)
_SHAPES = re.compile(
    "|".join(
        (
            r"-----BEGIN [A-Z ]{0,40}(?:PRIVATE KEY|CERTIFICATE|PGP)",
            r"\beyJ[\w-]{6,400}\.eyJ",  # a JWT
            r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
            r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|dop_v1_|hvs\.|AIza)[\w-]{16,}",
            r"\b[rs]k_(?:live|test)_\w{8,}",
            r"://[^/\s@:]{0,200}:[^/\s@]{1,200}@|://[^/\s:@]{16,200}@",  # a URL with who asks
            r"\bBearer\s{1,9}[\w+/=.~-]{8,}|\bAuthorization\W{1,9}\w{1,20}\s{1,9}[\w+/=]{4,}",
            "(?<!:)"
            + _NAMED
            + r"\w{0,40}[\"'\\]{0,4}\s{0,9}[=:]\s{0,9}[\"'\\]{0,4}(?!\$\{|\{\{|null|true|false)[^\s\"'\\,}]{3,}",
            _NAMED
            + r"\w{0,40}[\\\"']{0,4}\s{0,9},\s{0,9}[\\\"']{0,4}value",  # {"name": "API_TOKEN", "value": …
        )
    ),
    re.IGNORECASE,
)
MOST_TOLD = 20_000
"""Characters of a text that are looked at: a fraction of them is ever shown."""
_OPTION = re.compile(rf"^--?[\w-]{{0,60}}{_NAMED}[\w-]{{0,60}}$", re.IGNORECASE)


def secret_kind(kind: str) -> bool:
    """Whether a kind of resource is a secret itself: whatever text it holds may be it."""
    return _SECRET_KIND.search(kind) is not None


@lru_cache(maxsize=65_536)
def secret_name(name: str) -> bool:
    """Whether an input of this name holds a secret: `masterPassword`, `STRIPE_KEY`, `auth.password`."""
    words = [word.lower() for word in _CAMEL.split(name) if word]
    if not words or words[-1] in _TELLS_OF or words[0] in _SAYS_OF or words == ["http", "tokens"]:
        return False
    joined = "".join(words)
    if joined.startswith(tuple(_OPAQUE)) or any(map(_WORD.search, (joined, *words))):
        return True
    pairs = list(itertools.pairwise(words))
    if not _PAIRS.isdisjoint(pairs) or any(b == "key" and a in _KEYS for a, b in pairs):
        return True
    # A variable of an environment: there is no knowing what else its key opens.
    return words[-1] == "key" and len(words) > 1 and name.isupper()


def secret_shape(text: str) -> bool:
    """Whether a text is, or begins with what holds, what is plainly a secret: a private key, a token,
    a URL's password."""
    told = text if len(text) <= MOST_TOLD else " ".join(text.split())[:MOST_TOLD]
    return _SHAPES.search(told) is not None


def masked(value: Any, secret: bool = False) -> Any:
    """A value as it may be told.

    Args:
        value: plain data.
        secret: whether what it stands in is a secret.
    """
    if isinstance(value, Mapping):
        return {key: masked(each, inside(value, str(key), secret)) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each, element(value, index, secret)) for index, each in enumerate(value)]
    if value is None or isinstance(value, bool) or value in (SECRET, UNKNOWN, ""):
        return value
    return SECRET if secret or (isinstance(value, str) and secret_shape(value)) else value


def inside(mapping: Mapping[str, Any], key: str, secret: bool) -> bool:
    """Whether what stands under a key is secret, in a mapping that may be."""
    if secret:
        words = [word.lower() for word in _CAMEL.split(key) if word]
        return not (words and words[-1] in _TELLS_OF)
    if key == "value" and (
        mapping.get("type") == "SecureString"
        or any(secret_name(str(mapping.get(name, ""))) for name in ("name", "key"))
    ):
        return True
    return secret_name(key)


def element(values: list[Any], index: int, secret: bool) -> bool:
    """Whether an element of a list is secret: what follows `--token` among a command's words is."""
    former = values[index - 1] if 0 < index <= len(values) else None
    return secret or (isinstance(former, str) and _OPTION.match(former) is not None)
