"""What is there already: held commitments, owned machines, what runs, and recorded approvals.

`model` has the types, `document` reads the `CapacityInventory` file, `approvals` the
`CommitmentApproval` documents that people keep. What they mean for a plan is decided in
`trimtab.planning.holdings`.
"""
