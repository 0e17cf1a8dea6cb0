"""Where the kit's own folders are. `COMPLAINTKIT_HOME` moves them all; reports and the store have options of their own."""

import os
from pathlib import Path

HOME = Path(os.environ.get("COMPLAINTKIT_HOME") or Path(__file__).resolve().parents[1])
DATA = HOME / "data"
DEMO = DATA / "demo"
STORE = DATA / "store"
NOTEBOOKS = HOME / "notebooks"
TEMPLATES = HOME / "templates"
REPORTS = HOME / "reports"
