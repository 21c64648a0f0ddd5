"""Resources of Pulumi's `azure-native`, by the names that Terraform's azurerm has for the same.

The native provider is generated from Azure's resource manager, whose types and inputs have names of their
own: `azure-native:containerservice/v20230101:AgentPool` is azurerm's `azurerm_kubernetes_cluster_node_pool`,
its `vmSize` that one's `vm_size`. What a price depends on is carried over, by `azure_native_tables`; the rest
is left out. Pure: a token and inputs in, a kind and inputs out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.resources.azure_native_free import FREE
from trimtab.resources.azure_native_tables import FIELDS, KINDS, Fields
from trimtab.resources.inputs import SECRET, UNKNOWN, as_number

Translated = tuple[str, dict[str, Any]]


def translate(token: str, inputs: Mapping[str, Any]) -> Translated | None:
    """The azurerm kind of a native resource, and its inputs in Terraform's shape and snake_case.

    Args:
        token: Pulumi's type token, with or without a version of the API.
        inputs: as the program gives them, in camelCase; UNKNOWN and SECRET pass through.

    Returns:
        None for a type that is not in the tables.
    """
    name = _name(token)
    special = _SPECIAL.get(name)
    kind = special(inputs) if special else KINDS.get(name) or FREE.get(name)
    if kind is None:
        return None
    made: dict[str, Any] = _fields(inputs, {"location": "location", "name": "name"})
    if "tags" in inputs:
        made["tags"] = inputs["tags"]
    made.update(_fields(inputs, FIELDS.get(name, {})))
    for field, derive in _DERIVED.get(name, {}).items():
        value = derive(inputs)
        if value is not None:
            _put(made, field, value)
    return kind, made


def _name(token: str) -> str:
    """`containerservice:AgentPool` of a token, whatever its version and its package's."""
    parts = token.split(":")
    module = parts[1] if len(parts) > 2 else ""
    return f"{module.partition('/')[0].lower()}:{parts[-1]}"


def _fields(inputs: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, source in fields.items():
        if isinstance(source, str):
            value = _at(inputs, source)
        else:
            path, inner = source
            value = _blocks(_at(inputs, path), inner)
        if value is not None:
            _put(made, name, value)
    return made


def _blocks(value: Any, fields: Fields) -> Any:
    if isinstance(value, list):
        return [_fields(each, fields) for each in value if isinstance(each, Mapping)]
    if isinstance(value, Mapping):
        return [_fields(value, fields)]
    return value if value in (UNKNOWN, SECRET) else None


def _at(inputs: Any, path: str) -> Any:
    for name in path.split("."):
        if inputs in (UNKNOWN, SECRET):
            return inputs
        if not isinstance(inputs, Mapping):
            return None
        inputs = inputs.get(name)
    return inputs


def _put(made: dict[str, Any], path: str, value: Any) -> None:
    *ways, last = path.split(".")
    for way in ways:
        blocks = made.setdefault(way, [{}])
        made = blocks[0]
    made[last] = value


def _text(inputs: Mapping[str, Any], path: str) -> str:
    value = _at(inputs, path)
    return value if isinstance(value, str) and value not in (UNKNOWN, SECRET) else ""


# --- kinds that an input decides


def _cdn_profile(inputs: Mapping[str, Any]) -> str:
    front = "FrontDoor" in _text(inputs, "sku.name")
    return "azurerm_cdn_frontdoor_profile" if front else "azurerm_cdn_profile"


def _web_app(inputs: Mapping[str, Any]) -> str:
    kind = _text(inputs, "kind").lower()
    if "workflowapp" in kind:
        return "azurerm_logic_app_standard"
    return "azurerm_linux_function_app" if "functionapp" in kind else "azurerm_linux_web_app"


def _postgresql(inputs: Mapping[str, Any]) -> str:
    single = "_Gen" in _text(inputs, "sku.name")
    return f"azurerm_postgresql_{'server' if single else 'flexible_server'}"


def _mysql(inputs: Mapping[str, Any]) -> str:
    single = "_Gen" in _text(inputs, "sku.name")
    return f"azurerm_mysql_{'server' if single else 'flexible_server'}"


def _redis_enterprise(inputs: Mapping[str, Any]) -> str:
    old = _text(inputs, "sku.name").startswith("Enterprise")
    return "azurerm_redis_enterprise_cluster" if old else "azurerm_managed_redis"


def _learning_compute(inputs: Mapping[str, Any]) -> str:
    one = _text(inputs, "properties.computeType") == "ComputeInstance"
    return f"azurerm_machine_learning_compute_{'instance' if one else 'cluster'}"


_SPECIAL: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "cdn:Profile": _cdn_profile,
    "web:WebApp": _web_app,
    "dbforpostgresql:Server": _postgresql,
    "dbformysql:Server": _mysql,
    "cache:RedisEnterprise": _redis_enterprise,
    "redisenterprise:RedisEnterprise": _redis_enterprise,
    "machinelearningservices:Compute": _learning_compute,
}


# --- inputs that are worked out of several, or of another unit

_TIERS = {"burstable": "B", "generalpurpose": "GP", "memoryoptimized": "MO"}
_GIB = 1024.0**3
_TIB = 1024.0**4


def _sku_part(index: int) -> Callable[[Mapping[str, Any]], Any]:
    def part(inputs: Mapping[str, Any]) -> Any:
        name = _at(inputs, "sku.name")
        if not isinstance(name, str) or name in (UNKNOWN, SECRET):
            return name
        parts = name.split("_")
        return parts[index] if len(parts) > index else None

    return part


def _scaled(path: str, divisor: float) -> Callable[[Mapping[str, Any]], Any]:
    def number(inputs: Mapping[str, Any]) -> Any:
        value = _at(inputs, path)
        if value in (UNKNOWN, SECRET):
            return value
        found = as_number(value)
        return None if found is None else found / divisor

    return number


def _server_sku(inputs: Mapping[str, Any]) -> Any:
    """`GP_Standard_D2s_v3` of a flexible server's tier and name; a single server's name says both."""
    name = _at(inputs, "sku.name")
    tier = _TIERS.get(_text(inputs, "sku.tier").lower())
    if not isinstance(name, str) or name in (UNKNOWN, SECRET) or "_Gen" in name or tier is None:
        return name
    return f"{tier}_{name}"


def _standby(inputs: Mapping[str, Any]) -> Any:
    mode = _text(inputs, "highAvailability.mode")
    return [{"mode": mode}] if mode and mode != "Disabled" else None


def _with_capacity(inputs: Mapping[str, Any]) -> Any:
    """`GP_S_Gen5_2` of a SQL SKU's name and capacity; a DTU SKU's name says its size."""
    name, capacity = _at(inputs, "sku.name"), as_number(_at(inputs, "sku.capacity"))
    if not isinstance(name, str) or name in (UNKNOWN, SECRET):
        return name
    family = _text(inputs, "sku.family")
    if name.upper() in ("GP", "BC", "HS") and family:
        name = f"{name}_{family}"
    if "_" not in name or capacity is None or name.rpartition("_")[2].isdigit():
        return name
    return f"{name}_{capacity:g}"


def _units(inputs: Mapping[str, Any]) -> Any:
    """`Developer_1` of a service's tier and units."""
    name, capacity = _at(inputs, "sku.name"), as_number(_at(inputs, "sku.capacity"))
    if not isinstance(name, str) or name in (UNKNOWN, SECRET):
        return name
    return f"{name}_{1 if capacity is None else capacity:g}"


def _plan_system(inputs: Mapping[str, Any]) -> Any:
    if _at(inputs, "reserved") is True or "linux" in _text(inputs, "kind").lower():
        return "Linux"
    return "Windows"


def _inflated(inputs: Mapping[str, Any]) -> Any:
    return _at(inputs, "maximumThroughputUnits") if _at(inputs, "isAutoInflateEnabled") else None


_SERVER: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "sku_name": _server_sku,
    "storage_mb": _scaled("storage.storageSizeGB", 1 / 1024),
    "high_availability": _standby,
}

_DERIVED: dict[str, dict[str, Callable[[Mapping[str, Any]], Any]]] = {
    "storage:StorageAccount": {
        "account_tier": _sku_part(0),
        "account_replication_type": _sku_part(1),
    },
    "dbforpostgresql:Server": _SERVER,
    "dbformysql:Server": _SERVER,
    "sql:Database": {
        "sku_name": _with_capacity,
        "max_size_gb": _scaled("maxSizeBytes", _GIB),
    },
    "sql:ElasticPool": {"max_size_gb": _scaled("maxSizeBytes", _GIB)},
    "apimanagement:ApiManagementService": {"sku_name": _units},
    "web:AppServicePlan": {"os_type": _plan_system},
    "eventhub:Namespace": {"maximum_throughput_units": _inflated},
    "netapp:Pool": {"size_in_tb": _scaled("size", _TIB)},
    "netapp:CapacityPool": {"size_in_tb": _scaled("size", _TIB)},
}
