"""What `pulumi preview --policy-pack` runs."""

from pulumi_policy import PolicyPack

from trimtab_policies.pack import NAME, policies

PolicyPack(NAME, policies())
