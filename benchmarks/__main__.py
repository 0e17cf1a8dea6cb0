"""Run the benchmarks named on the command line, or all of them, and print one table of ratios."""

import sys
from importlib import import_module
from pathlib import Path

known = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
wanted = sys.argv[1:] or known
if unknown := set(wanted) - set(known):
    sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
print(f"{'what':<72} {'goal':<8} {'measured':>8}")
for name in wanted:
    for line in import_module(f"benchmarks.{name}").run():
        print(line, flush=True)
