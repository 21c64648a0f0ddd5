"""GPU clouds: the offers that gpuhunt collects, as machines of providers of their own.

gpuhunt publishes a catalogue of each provider that needs no key; the three large clouds have sources of their
own here and are left out. (https://github.com/dstackai/gpuhunt; GPUHUNT_CATALOG_DIR reads tables of a folder.)
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, TypeAlias

from trimtab.errors import EngineError
from trimtab.pricing.live.aws_machines import accelerator_model
from trimtab.pricing.live.model import ALL, REGION, SHAPE, Job, MachineRow, Wanted

CLOUDS = {"aws", "azure", "gcp"}
FOLDER_VARIABLE = "GPUHUNT_CATALOG_DIR"
_NAME = re.compile(r"[^\w.+-]+")

Offers: TypeAlias = Callable[[str], Iterable[Any]]
"""The catalogue items of a provider."""


def gpu_jobs(
    wanted: Wanted, offers: Offers | None = None, providers: Iterable[str] | None = None
) -> Iterator[Job]:
    """The jobs of the GPU clouds, one a provider.

    Args:
        wanted: which; a `service` is a provider's name here.
        offers: asks for a provider's offers; default: gpuhunt's catalogue.
        providers: their names; default: gpuhunt's.

    Raises:
        EngineError: gpuhunt is missing.
    """
    names = _providers() if providers is None else providers
    ask = offers or cache(_Catalogue)()
    for name in sorted(set(names) - CLOUDS):
        if wanted.service(name) or wanted.service("machines"):
            yield Job(
                name,
                wanted.regions or (ALL,),
                "machines",
                f"gpuhunt's catalogue of {name}",
                partial(machines, ask, name, wanted.regions),
                ("on_demand", "spot", *SHAPE),
                required=not wanted.regions,
            )


def machines(offers: Offers, provider: str, regions: Iterable[str] = ()) -> Iterator[MachineRow]:
    """A provider's machines in its regions: of several offers of one name, the cheapest of each option."""
    kept = set(regions)
    found: dict[tuple[str, str], dict[str, float | str | None]] = {}
    for item in offers(provider):
        region, name = str(item.location), _NAME.sub("-", str(item.instance_name))
        usd = float(item.price)
        if (kept and region not in kept) or usd <= 0 or not name or not REGION.fullmatch(region):
            continue
        cells = found.setdefault((region, name), _shape(item))
        option = "spot" if item.spot else "on_demand"
        before = cells.get(option)
        cells[option] = min(usd, before) if isinstance(before, float) else usd
    for (region, name), cells in sorted(found.items()):
        yield MachineRow(region, name, cells)


def _shape(item: Any) -> dict[str, float | str | None]:
    count = float(item.gpu_count or 0)
    memory = item.gpu_memory * 1024 if item.gpu_memory else None
    model = accelerator_model(str(item.gpu_name), memory) if count else None
    return {
        "vcpu": float(item.cpu) if item.cpu else None,
        "memory_gib": float(item.memory) if item.memory else None,
        "accelerator": model,
        "accelerator_count": count if model else None,
        "architecture": "arm64" if str(getattr(item.cpu_arch, "value", "")) == "arm" else "x86_64",
    }


def _providers() -> list[str]:
    try:
        from gpuhunt._internal.catalog import OFFLINE_PROVIDERS
    except ImportError:
        raise EngineError("gpuhunt is missing", mend="pip install 'trimtab[live]'") from None
    return list(OFFLINE_PROVIDERS)


class _Catalogue:
    """gpuhunt's, loaded when the first provider is asked for."""

    def __init__(self) -> None:
        self._catalogue: Any = None

    def __call__(self, provider: str) -> Iterable[Any]:
        import gpuhunt

        try:
            if self._catalogue is None:
                catalogue = gpuhunt.Catalog(balance_resources=False, auto_reload=False)
                if not os.environ.get(FOLDER_VARIABLE):
                    catalogue.load()
                self._catalogue = catalogue
            found: Iterable[Any] = self._catalogue.query(provider=provider)
        except Exception as error:  # noqa: BLE001 - a library that asks eight sites, each in its own way
            raise EngineError(
                f"gpuhunt has no catalogue of {provider}: {error}",
                mend="check the network, or run it again",
            ) from None
        return found
