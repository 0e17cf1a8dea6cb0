"""The analysis methods: one module a method, each with a function of its own name. This is the registry: names only."""

METHODS = (
    "overview",
    "composition",
    "trend",
    "pareto",
    "quality",
    "timeliness",
    "closure",
    "stages",
    "sla",
    "pending",
    "forecast",
    "effect",
    "hotspots",
    "risk",
    "warning",
    "exposure",
    "cases",
    "diagram",
    "rootcause",
)
