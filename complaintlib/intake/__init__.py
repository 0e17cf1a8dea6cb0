"""From messy files to the store: `intake` takes files in, `check_store` says what is wrong with a store."""

from importlib import import_module

_PLACES = {
    "batch": ("intake",),
    "ledger": ("Batch",),
    "notes": ("Note", "Refused"),
    "store": ("check_store", "tables"),
}
__all__ = ["Batch", "Note", "Refused", "check_store", "intake", "tables"]  # noqa: F822


def __getattr__(name: str) -> object:
    """Each name is loaded when it is first asked for: the command line must answer before DuckDB is there."""
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(name)
