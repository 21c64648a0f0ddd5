"""A thousand random lives of an XR, against a control plane and a cloud in memory that refuses what EKS does.

After every answer the architecture's invariants are asserted; `support.capacity_sequences` has them.
"""

import pytest

from support.capacity_sequences import Sequence

SEQUENCES = 100


@pytest.mark.parametrize("block", range(10))
def test_whatever_happens_nothing_is_lost(block: int) -> None:
    for seed in range(block * SEQUENCES, (block + 1) * SEQUENCES):
        # One in three begins with an earlier step's node group for the whole pool.
        sequence = Sequence(seed, split=seed % 3 == 0)
        try:
            sequence.reconcile()
            for event in sequence.events():
                sequence.log.append(event.__name__)
                event()
                sequence.reconcile()
            assert sequence.world.refused == []
        except AssertionError as error:
            raise AssertionError(f"seed {seed}:\n" + "\n".join(sequence.log)) from error
