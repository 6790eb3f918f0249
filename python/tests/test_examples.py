"""The examples: their types, the notebook, the search on Ray."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def needs(*packages: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


def test_types_of_the_examples() -> None:
    needs("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml"]
    ran = subprocess.run(
        [*command, *map(str, sorted(EXAMPLES.rglob("*.py")))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_notebook_runs() -> None:
    needs("nbconvert", "ipykernel", "pandas")
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    notebook = nbformat.read(EXAMPLES / "search.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs for cell in code), "outputs are not kept in the repository"
    ExecutePreprocessor(timeout=300, kernel_name="python3").preprocess(
        notebook, {"metadata": {"path": str(EXAMPLES)}}
    )
    shown = [str(output) for cell in code for output in cell.outputs]
    assert len(shown) >= 6
    assert "<table>" in shown[0] and "What bounds the latency" in shown[-1]
    assert any("400 trials" in text for text in shown)


def test_the_search_on_ray(tmp_path: Path) -> None:
    needs("ray")
    command = [sys.executable, str(EXAMPLES / "search_on_ray.py"), "--run", str(tmp_path / "run")]
    for budget in (300, 500):
        ran = subprocess.run(
            [*command, "--budget", str(budget)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert f"{budget} of {budget} trials" in ran.stdout
        assert f"{budget} trials" in ran.stdout.split("<pimnas.Study", 1)[1]


def test_the_cluster_file_is_yaml() -> None:
    needs("yaml")
    import yaml

    cluster = yaml.safe_load((EXAMPLES / "cluster.yaml").read_text(encoding="utf-8"))
    assert {"cluster_name", "provider", "auth"} <= cluster.keys()
    assert "--num-cpus=0" in cluster["head_start_ray_commands"][-1]
