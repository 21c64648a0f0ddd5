"""The AWS region of what a component makes: given to it, or the stack's."""

import pulumi

from trimtab.errors import InputError


def aws_region(given: str | None, where: str, argument: str = "the argument region") -> str:
    """The region.

    Args:
        given: what the component was told.
        where: the component, for the error.
        argument: what gives it, for the error.

    Raises:
        InputError: neither says.
    """
    region = given or pulumi.Config("aws").get("region")
    if not region:
        raise InputError(
            "no region is set", where=where, mend=f"set aws:region, or give {argument}"
        )
    return region
