"""nbformat, without what makes its import slow."""

import sys

_SLOW = "rfc3987_syntax"  # optional for jsonschema, a second to import, and for a format that no notebook has

if sys.modules.setdefault(_SLOW, None) is None:  # which is how Python is told that there is no such module
    import nbformat

    del sys.modules[_SLOW]
else:
    import nbformat

__all__ = ["nbformat"]
