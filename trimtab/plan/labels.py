"""The names of the tags and labels that tie what is provisioned to its plan.

Plain text, for those who only read them: what the values are is `trimtab.plan.attribution`'s.
"""

LABEL_PREFIX = "trimtab.dev/"
PLAN_LABEL = f"{LABEL_PREFIX}plan"
"""The plan that an object belongs to, by `plan_label`. On a CommitmentApproval in a cluster: the plan
whose line it approves; the composition function finds approvals by it, and sees no other."""
DIGEST_LABEL = f"{LABEL_PREFIX}plan-digest"
POOL_LABEL = f"{LABEL_PREFIX}pool"
GROUP_LABEL = f"{LABEL_PREFIX}group"
OPTION_LABEL = f"{LABEL_PREFIX}purchase-option"
STORAGE_TIER_LABEL = f"{LABEL_PREFIX}storage-tier"
"""On a StorageClass: the tier of the plan's storage that it gives, by name."""
PLAN_TAG = "trimtab:plan"
DIGEST_TAG = "trimtab:plan-digest"
POOL_TAG = "trimtab:pool"
GROUP_TAG = "trimtab:group"
OPTION_TAG = "trimtab:purchase-option"
STORAGE_TIER_TAG = "trimtab:storage-tier"
"""The same on a cloud's file system that a tier's volumes are parts of."""
INTERRUPTIBLE_LABEL = f"{LABEL_PREFIX}interruptible"
"""On an object that provisions a group, "false" where the pool has no work that may be interrupted:
what admission policies read."""
MANAGED_BY = "trimtab"
SPOT_TAINT_VALUE = "spot"
"""On a spot group of a pool that also has work which must not be interrupted, the taint
`trimtab.dev/purchase-option=spot:NoSchedule` keeps that work away."""
