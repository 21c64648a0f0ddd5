"""How long a hundred thousand claims take to advise on, beside a loop that takes them one by one.

The loop calls the same functions for each claim, as code that is not vectorised would; it is timed on a
sample and scaled. Both must say the same of the sample.
"""

import time
from dataclasses import fields, replace

import numpy as np

from trimtab.pricing.book import built_in_book
from trimtab.storage.advice import advise
from trimtab.storage.claims import Claims

CLAIMS = 100_000
SAMPLE = 400
SEED = 3
REGION = "us-east-1"


def main() -> None:
    """Measure and print."""
    book, claims = built_in_book(), many(CLAIMS)
    advise(part(claims, slice(0, 10)), REGION, book)  # the tables are read
    began = time.perf_counter()
    together = advise(claims, REGION, book)
    vectorised = time.perf_counter() - began
    began = time.perf_counter()
    alone = [advise(part(claims, slice(i, i + 1)), REGION, book) for i in range(SAMPLE)]
    one_by_one = (time.perf_counter() - began) * CLAIMS / SAMPLE
    for i, each in enumerate(alone):
        assert each.action_of(0) is together.action_of(i)
    saved = float(np.nansum(together.saving))
    print(f"{CLAIMS:,} claims: {vectorised:.2f} s; one by one {one_by_one:.0f} s (scaled)")
    print(f"ratio {one_by_one / vectorised:,.0f}; advice saves {saved:,.0f} USD a month")


def many(count: int) -> Claims:
    """Synthetic claims on three EBS types, one in ten not measured."""
    noise = np.random.default_rng(SEED)
    gib = np.round(noise.lognormal(5.0, 1.2, count)) + 1
    measured = noise.uniform(size=count) > 0.1
    blank = ("",) * count
    return Claims(
        names=tuple(f"claim-{i}" for i in range(count)),
        backend=noise.integers(0, 3, count),
        backend_ids=("ebs-gp3", "ebs-io2", "ebs-st1"),
        gib=gib,
        used_gib=np.where(measured, gib * noise.uniform(0.05, 0.95, count), np.nan),
        iops=np.full(count, np.nan),
        mibps=np.full(count, np.nan),
        iops_p95=noise.lognormal(4.0, 2.0, count),
        mibps_p95=noise.lognormal(1.0, 1.5, count),
        days_since_access=noise.exponential(20.0, count),
        measured_days=np.full(count, 30.0),
        bound=noise.uniform(size=count) > 0.02,
        intent=blank,
        owner=blank,
    )


def part(claims: Claims, rows: slice) -> Claims:
    """Some of the claims."""
    cut = {
        each.name: getattr(claims, each.name)[rows]
        for each in fields(claims)
        if each.name != "backend_ids"
    }
    return replace(claims, **cut)


if __name__ == "__main__":
    main()
