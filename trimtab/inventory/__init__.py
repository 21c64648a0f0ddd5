"""What is there already: held commitments, owned machines, what runs, and recorded approvals.

`model` has the types, `document` reads the `CapacityInventory` file, `approvals` the
`CommitmentApproval` documents that people keep; `purchase` gives reservations and blocks lines that an
approval can name, and `leave` decides whether one allows a purchase. What holdings mean for a plan is
decided in `trimtab.planning.holdings`.
"""
