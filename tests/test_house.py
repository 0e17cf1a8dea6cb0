"""The house rules of DESIGN: imports run downwards, one door to each library, notebooks bare, words in both languages."""

import ast
import csv
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from complaintlib.home import DATA, HOME, NOTEBOOKS
from complaintlib.methods import METHODS

LIBRARY = HOME / "complaintlib"
MODULES = sorted(LIBRARY.rglob("*.py"))

# Lower floors first; a module imports from its own floor and from those below.
FLOORS = [
    {"home", "words", "period", "clock", "schema", "rules", "entries", "taxonomies", "shared"},
    {
        "book",
        "result",
        "disclosure",
        "privacy",
        "look",
        "stats",
        "filters",
        "causes",
        "countermeasures",
        "plan",
        "fishbone",
        "whytree",
        "whys",
    },
    {"indicators"},
    {"intake", "methods", "demo"},
    {"report", "training", "forms"},
    {"__main__", "__init__", "usage"},
]
DOORS = {"papermill": 1, "nbconvert": 1, "ibis": 1, "matplotlib": 1}


def part_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def floor_of(part: str) -> int:
    return next(i for i, floor in enumerate(FLOORS) if part in floor)


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """(module, level, whether for type checking only) of every import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.dump(test.test)
        for node in ast.walk(test)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, id(node) in typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [(name, node.level, id(node) in typing_only) for name in names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_imports_run_downwards(path):
    own = part_of(path)
    depth = len(path.relative_to(LIBRARY).parts)
    for module, level, _ in imports(path):
        top = module.split(".")
        if level == depth and not module.startswith("__"):  # from the package's root
            assert floor_of(top[0]) <= floor_of(own), f"{path.name} imports {module}"
        elif level == 0 and top[0] == "complaintlib" and len(top) > 1:
            assert floor_of(top[1]) <= floor_of(own), f"{path.name} imports {module}"


def test_no_method_imports_another():
    for name in METHODS:
        modules = {
            module.split(".")[0]
            for module, level, _ in imports(LIBRARY / "methods" / f"{name}.py")
            if level == 1
        }
        assert not modules & set(METHODS), name


@pytest.mark.parametrize("library", DOORS)
def test_each_of_the_large_libraries_has_one_door(library):
    users = {
        p.parent if p.parent.name == "book" else p
        for p in MODULES
        if any(m.split(".")[0] == library and not typed for m, level, typed in imports(p) if level == 0)
    }
    assert len(users) == DOORS[library], [str(p.relative_to(LIBRARY)) for p in users]


def test_a_method_is_a_module_a_notebook_a_test_and_a_line():
    for folder, suffix in ((LIBRARY / "methods", ".py"), (NOTEBOOKS, ".ipynb")):
        names = {p.stem for p in folder.glob(f"*{suffix}")}
        assert {name for name in names if not name.startswith("_")} == set(METHODS)
    assert {p.stem.removeprefix("test_") for p in (HOME / "tests" / "methods").glob("test_*.py")} >= set(
        METHODS
    )


# ------------------------------------------------------------------------------------------------ notebooks

NOTEBOOK_FILES = sorted(NOTEBOOKS.rglob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOK_FILES, ids=lambda p: p.stem)
def test_notebooks_are_bare_and_short(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    for source in code:
        kinds = {type(node) for node in ast.walk(ast.parse(source))}
        assert not kinds & {ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.Try}, source
        assert not re.search(r"(?m)^\s*[!%]|\bexit\(|\bquit\(|\beval\(|\.query\(|\.style\b", source), source


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_of_methods_have_parameters_and_hand_their_result_over(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tags = [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
    assert tags.count("parameters") == 1
    assert tags.count("zh") == tags.count("en") >= 1
    assert "".join(cells[-1]["source"]) == "result.close(token)"


# --------------------------------------------------------------------------------------------- words, files


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_labels_and_columns_are_there_once_and_in_both_languages():
    labels, columns = read_csv(DATA / "labels.csv"), read_csv(DATA / "columns.csv")
    for rows, key in ((labels, ("field", "code")), (columns, ("column",))):
        keys = [tuple(row[k] for k in key) for row in rows]
        assert len(keys) == len(set(keys)), {k for k in keys if keys.count(k) > 1}
        assert all(row["zh"] and row["en"] for row in rows)
        assert not any(None in row or None in row.values() for row in rows)
    assert all(bool(row["note_zh"]) == bool(row["note_en"]) for row in columns)


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", *patterns],
        cwd=HOME,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    ).stdout.splitlines()
    return [HOME / name for name in names if (HOME / name).is_file()]


def test_text_files_are_utf8_and_name_no_machine_and_no_registry():
    bad = re.compile(
        r"(?<![\w.])/(root|home|tmp|Users)/\w|pythonhosted|pypi\.org/simple|registry\.npmjs|deb\.debian"
    )
    for path in tracked(
        "*.py", "*.md", "*.toml", "*.txt", "*.csv", "*.yml", "*.ipynb", "*.html", "*.css", "Makefile", ".ci/*"
    ):
        text = path.read_text(encoding="utf-8")
        assert path.name == "test_house.py" or not bad.search(text), path


# -------------------------------------------------------------------------------------------------- set-up


def pyproject() -> dict:
    return tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))


def test_environment_yml_is_derived_from_pyproject():
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("environment", HOME / ".ci" / "environment.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (HOME / "environment.yml").read_text(encoding="utf-8") == module.environment(pyproject())


def test_constraints_pin_every_dependency_within_its_bounds_and_name_no_address():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (HOME / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins: dict[str, list[Requirement]] = {}
    for line in lines:
        assert "://" not in line
        need = Requirement(line)
        pins.setdefault(canonicalize_name(need.name), []).append(need)
    project = pyproject()["project"]
    wanted = project["dependencies"] + [
        n for extra in project["optional-dependencies"].values() for n in extra
    ]
    for need in map(Requirement, wanted):
        versions = [next(iter(pin.specifier)).version for pin in pins[canonicalize_name(need.name)]]
        assert versions
        assert all(need.specifier.contains(version) for version in versions), need
    for version in ("3.11", "3.12", "3.13"):
        for name, found in pins.items():
            held = [
                pin
                for pin in found
                if pin.marker is None
                or pin.marker.evaluate({"python_full_version": version + ".0", "python_version": version})
            ]
            assert len({str(pin.specifier) for pin in held}) <= 1, (name, version)
