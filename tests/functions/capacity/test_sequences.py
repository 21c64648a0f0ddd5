"""A thousand random lives of an XR, against a control plane and a cloud in memory that refuses what EKS does.

After every answer the architecture's invariants are asserted; `support.capacity_sequences` has them.
"""

import pytest

from support.capacity_sequences import WAYS, Sequence

SEQUENCES = 100


@pytest.mark.parametrize("block", range(10))
def test_whatever_happens_nothing_is_lost(block: int) -> None:
    for seed in range(block * SEQUENCES, (block + 1) * SEQUENCES):
        sequence = Sequence(seed, WAYS[seed % 3])
        try:
            sequence.reconcile()
            for event in sequence.events():
                sequence.log.append(event.__name__)
                event()
                sequence.reconcile()
            assert sequence.world.refused == []
        except AssertionError as error:
            raise AssertionError(f"seed {seed}:\n" + "\n".join(sequence.log)) from error
