"""Values that may come from another resource: plain text is checked at once, an Output is taken as is.

Only what decides no shape may be late: ids and ARNs.
"""

import inspect
import re
from typing import Annotated, Any

import pulumi
from pydantic import AfterValidator

PRINCIPAL_PATTERN = r"^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/.+"
"""Who can have an access entry: an account's root, a group or a session can't."""
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12}|aws)?:.+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_PRINCIPAL = re.compile(PRINCIPAL_PATTERN)
# By its own ARN: a policy that names an alias gives no right to use the key behind it.
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+")


def _checked_by(pattern: re.Pattern[str] | None, what: str) -> AfterValidator:
    def check(value: Any) -> Any:
        if isinstance(value, pulumi.Output) or inspect.isawaitable(value):
            return value
        if not isinstance(value, str) or not value or (pattern and not pattern.fullmatch(value)):
            raise ValueError(f"{value!r} is no {what}")
        return value

    return AfterValidator(check)


LateText = Annotated[Any, _checked_by(None, "text")]
LateArn = Annotated[Any, _checked_by(_ARN, "ARN")]
LateRoleArn = Annotated[Any, _checked_by(_ROLE, "ARN of an IAM role")]
LatePrincipalArn = Annotated[Any, _checked_by(_PRINCIPAL, "ARN of an IAM role or user")]
LateKeyArn = Annotated[Any, _checked_by(_KEY, "ARN of a KMS key (an alias won't do)")]
