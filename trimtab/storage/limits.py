"""What a volume of a size can do, and how large and fast one must be for what is asked of it.

On arrays, one item a volume: a plan asks for a few, a review of claims for a hundred thousand. A need that
is not known is NaN and asks for nothing; who may not take that for little says so himself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.storage.backends import Backend

Array = NDArray[np.float64]
ROUNDING = 1e-6
"""A need above a limit by less than this share of it is none."""


@dataclass(frozen=True)
class Fit:
    """Volumes of one backend that are large and fast enough.

    Attributes:
        gib: whole GiB of each; NaN where the backend can't serve.
        iops, mibps: to be set where the backend is retunable; elsewhere what is needed of each, 0 where
            that is not known.
        refused: where it can't serve.
    """

    gib: Array
    iops: Array
    mibps: Array
    refused: NDArray[np.bool_]


def attainable(backend: Backend, gib: ArrayLike) -> tuple[Array, Array]:
    """The most IOPS and MiB/s that a volume of each size can have; NaN: not stated."""
    sizes = np.asarray(gib, dtype=np.float64)
    if backend.steps:
        at = _step_index(backend, sizes)
        return (
            np.array([step.iops for step in backend.steps])[at],
            np.array([step.mibps for step in backend.steps])[at],
        )
    return (
        _grown(backend, sizes, backend.baseline_iops, backend.iops_per_gib, backend.max_iops),
        _grown(backend, sizes, backend.baseline_mibps, backend.mibps_per_gib, backend.max_mibps),
    )


def fit(backend: Backend, gib: ArrayLike, iops: ArrayLike, mibps: ArrayLike) -> Fit:
    """The smallest and slowest volumes that serve each need.

    A volume that gets faster only by growing is grown for its speed; a limit that its provider does not
    state serves no stated need.
    """
    needs = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (gib, iops, mibps))
    )
    size, io, through = (np.nan_to_num(each, nan=0.0) for each in needs)
    if backend.retunable:
        set_iops, set_mibps = _set(backend, io, through)
        for_speed = np.where(
            set_iops > (backend.baseline_iops or 0.0),
            set_iops / (backend.iops_per_gib or np.inf),
            0.0,
        )
        size = np.maximum(size, for_speed)
    elif backend.steps:
        enough = _first_step(backend, io, through)
        before = np.array([0.0, *(step.gib for step in backend.steps), np.inf])
        # One GiB above the step below is paid for, and runs, as the step itself.
        size = np.maximum(size, np.where(enough > 0, before[enough] + 1, 0.0))
    else:
        size = np.maximum(size, _size_for(backend.baseline_iops, backend.iops_per_gib, io))
        size = np.maximum(size, _size_for(backend.baseline_mibps, backend.mibps_per_gib, through))
    size = whole(backend, size)
    most_iops, most_mibps = attainable(backend, np.where(np.isfinite(size), size, 0.0))
    unbound = (
        backend.access == "object"
    )  # an object store's throughput is as many requests as are made
    refused = (
        ~np.isfinite(size)
        | (size > (backend.max_gib or np.inf))
        | (io > most_iops * (1 + ROUNDING))
        | (np.isnan(most_iops) & (io > 0))
        | (through > most_mibps * (1 + ROUNDING))
        | (np.isnan(most_mibps) & (through > 0) & (not unbound))
    )
    if backend.retunable:
        refused |= (set_iops > most_iops * (1 + ROUNDING)) | (set_mibps > most_mibps)
        io, through = set_iops, set_mibps
    return Fit(np.where(refused, np.nan, size), io, through, refused)


def whole(backend: Backend, gib: ArrayLike) -> Array:
    """The smallest sizes that volumes can have and that hold so much."""
    sizes = np.maximum(np.asarray(gib, dtype=np.float64), backend.min_gib or 0.0)
    step = backend.gib_step
    if step is None:
        return np.ceil(sizes * (1 - 1e-12))
    stepped: Array = np.ceil(sizes / step * (1 - 1e-12)) * step
    return np.where(sizes <= (backend.min_gib or 0.0), backend.min_gib or step, stepped)


def why_not(backend: Backend, gib: float, iops: float, mibps: float) -> str | None:
    """Why no volume of the backend serves a need, as the end of a sentence; None where one does."""
    found = fit(backend, gib, iops, mibps)
    if not found.refused.any():
        return None
    for need, most, what in (
        (iops, backend.max_iops, "IOPS"),
        (mibps, backend.max_mibps, "MiB/s"),
    ):
        if most is not None and need > most * (1 + ROUNDING):
            return f"a volume has at most {most:,.0f} {what}, and {need:,.0f} are needed"
    if backend.max_gib is not None and np.nan_to_num(gib) > backend.max_gib:
        return f"a volume has at most {backend.max_gib:,.0f} GiB, and {gib:,.0f} are needed"
    for need, per_gib, what in (
        (iops, _states(backend, "iops"), "IOPS"),
        (mibps, _states(backend, "mibps"), "throughput"),
    ):
        if need > 0 and not per_gib:
            return f"its {what} is not stated, and {need:,.0f} is needed"
    return f"a volume of its largest size, {backend.max_gib or 0:,.0f} GiB, is too slow"


def _states(backend: Backend, what: str) -> bool:
    names = (f"baseline_{what}", f"max_{what}", f"{what}_per_gib")
    return bool(backend.steps) or any(getattr(backend, name) is not None for name in names)


def _grown(
    backend: Backend, gib: Array, baseline: float | None, per_gib: float | None, most: float | None
) -> Array:
    """IOPS or MiB/s that sizes bring; NaN where nothing is stated."""
    if per_gib is None:
        stated = most if most is not None else baseline
        return np.full(gib.shape, np.nan if stated is None else stated)
    grown = (
        np.maximum(baseline or 0.0, per_gib * gib)
        if backend.retunable
        else (baseline or 0.0) + per_gib * gib
    )
    return np.minimum(grown, np.inf if most is None else most)


def _set(backend: Backend, iops: Array, mibps: Array) -> tuple[Array, Array]:
    """What to set on a retunable volume: throughput above the baseline asks for IOPS, too."""
    through = np.maximum(mibps, backend.baseline_mibps or 0.0)
    for_through = through / backend.mibps_per_iops if backend.mibps_per_iops else 0.0
    least = np.maximum(backend.baseline_iops or 0.0, for_through)
    # What comes with a volume is no whole number everywhere (125 MB/s), and one more would be paid for.
    whole_mibps = np.where(
        mibps > (backend.baseline_mibps or 0.0), np.ceil(through - ROUNDING), through
    )
    return np.ceil(np.maximum(iops, least) - ROUNDING), whole_mibps


def _step_index(backend: Backend, gib: Array) -> NDArray[np.int64]:
    ends = np.array([step.gib for step in backend.steps])
    return np.minimum(np.searchsorted(ends, gib, side="left"), len(ends) - 1)


def _first_step(backend: Backend, iops: Array, mibps: Array) -> NDArray[np.int64]:
    """The first step that is fast enough; one past the last where none is."""
    # Steps get no slower as they grow, so the first that is enough stands at both searches' later end.
    of_iops = np.array([step.iops for step in backend.steps]) * (1 + ROUNDING)
    of_mibps = np.array([step.mibps for step in backend.steps]) * (1 + ROUNDING)
    return np.maximum(np.searchsorted(of_iops, iops), np.searchsorted(of_mibps, mibps))


def _size_for(baseline: float | None, per_gib: float | None, need: Array) -> Array:
    """GiB at which a volume that gets faster by growing is fast enough."""
    if per_gib is None:
        return np.zeros(need.shape)
    sizes: Array = np.maximum(need - (baseline or 0.0), 0.0) / per_gib
    return sizes
