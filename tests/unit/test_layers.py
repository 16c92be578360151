"""Nothing imports upwards, and looking at images and captions loads no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each layer imports from itself and from those before it.
LAYERS = (
    {"errors", "log", "formatting", "threads"},
    {"config"},
    {"data"},
    {"models"},
    {"callbacks"},
    {"training", "reader"},
    {"search", "analysis", "doctor"},
    {"cli"},
)
INDEPENDENT = ("search", "analysis", "doctor", "training", "reader")
ALLOWED_SIDEWAYS = {("search", "training"), ("analysis", "training"), ("doctor", "training")} | {
    ("analysis", "reader"),
    ("search", "reader"),
}
ENTRY_POINTS = {"__init__", "__main__"}

HEAVY = {"torch", "pytorch_lightning", "hydra"}
LIGHT_PACKAGES = ("ocr.data.sources", "ocr.data.text", "ocr.data.images")
LIGHT_MODULES = ("ocr.data.scan", "ocr.data.split", "ocr.reader", "ocr.cli")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The modules of ocr that a file imports, at its top or within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:  # each further dot is a folder up
                folder = path.relative_to(ROOT).parts[: -node.level]
                module = ".".join(filter(None, [*folder, module]))
            names = [f"ocr.{alias.name}" for alias in node.names]
            found |= {*names} if module == "ocr" else {module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("ocr.")}


def part(name: str) -> str:
    return name.split(".")[1]


def is_allowed(importer: str, target: str) -> bool:
    if importer == target or (importer, target) in ALLOWED_SIDEWAYS:
        return True
    ranks = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
    if target not in ranks:  # a name of `ocr` itself, such as __version__
        return True
    if importer in INDEPENDENT and target in INDEPENDENT:
        return False
    return ranks[target] <= ranks[importer] and target != "cli"


def test_nothing_imports_upwards():
    upward = {
        (module_name(path), target)
        for path in (ROOT / "ocr").rglob("*.py")
        if path.parent != ROOT / "ocr" or path.stem not in ENTRY_POINTS
        for target in imported(path)
        if not is_allowed(part(module_name(path)), part(target))
    }
    assert upward == set()


@pytest.mark.parametrize(
    "line",
    [
        "from ocr.cli.train import main",
        "from ocr.cli import train",
        "from ocr import cli",
        "import ocr.cli.train",
        "from ...cli.train import main",
        "from ...cli import train",
        "from ... import cli",
    ],
)
def test_every_form_of_an_import_is_noticed(tmp_path, monkeypatch, line):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "ocr" / "data" / "text" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"def function():\n    {line}\n")
    assert {part(name) for name in imported(path)} == {"cli"}


def test_every_part_of_the_package_has_a_layer():
    parts = {
        path.stem
        for path in (ROOT / "ocr").iterdir()
        if path.suffix in ("", ".py") and path.name != "__pycache__"
    }
    assert parts - ENTRY_POINTS == set().union(*LAYERS)


def loaded_by(statement: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has loaded after a statement."""
    code = f"{statement}; import sys; print(*sys.modules.keys() & {HEAVY!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("package", LIGHT_PACKAGES)
def test_looking_at_images_and_captions_loads_nothing_heavy(package):
    folder = ROOT.joinpath(*package.split("."))
    names = {module_name(path) for path in folder.rglob("*.py")}
    assert loaded_by(f"import {', '.join(sorted(names))}") == set()


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_light_modules_load_nothing_heavy(module):
    assert loaded_by(f"import {module}") == set()
