"""What a component was told to come after comes before its children too.

Pulumi makes the component alone wait for `depends_on`, and its children start at once.
"""

from typing import Any

import pulumi


def standing_first(opts: pulumi.ResourceOptions | None) -> list[Any]:
    """What a component was told to come after, for it to hand to each child."""
    given: Any = None if opts is None else opts.depends_on
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def children_wait(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions | None:
    """Options that have every resource below the component wait as the component itself does.

    For a component whose children are made in many places; give it to the component's constructor.
    """
    first = standing_first(opts)
    if not first:
        return opts
    after = pulumi.ResourceOptions(depends_on=first)

    def wait(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        options = pulumi.ResourceOptions.merge(args.opts, after)
        return pulumi.ResourceTransformationResult(args.props, options)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[wait]))
