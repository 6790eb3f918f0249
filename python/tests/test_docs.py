"""The pages: their code runs, they form a book, their links and paths lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```python ?(?P<needs>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", ["PYTHON", "TUTORIAL", "EXTENDING"])
def test_every_block_runs(name: str) -> None:
    page = DOCS / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) >= {"PYTHON": 12, "TUTORIAL": 2, "EXTENDING": 1}[name]
    session: dict[str, Any] = {"__name__": "session"}
    left_out = []
    try:
        for block in blocks:
            needs = block["needs"]
            if needs and importlib.util.find_spec(needs) is None:
                left_out.append(needs)
                continue
            line = text.count("\n", 0, block.start("code"))
            exec(compile("\n" * line + block["code"], str(page), "exec"), session)
    finally:
        import pimnas.mnsim

        pimnas.mnsim.uninstall()
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()
    if left_out:
        pytest.skip(f"blocks that need {', '.join(left_out)} were left out, the others ran")


def test_the_commands_of_the_tutorial_run(tmp_path: Path) -> None:
    built = ROOT / "target" / "release"
    if not (built / "pimnas").is_file():
        pytest.skip("the command is not built")
    blocks = SHELL.findall((DOCS / "TUTORIAL.md").read_text(encoding="utf-8"))
    assert len(blocks) == 2
    ran = subprocess.run(
        ["sh", "-e"],
        input="\n".join(blocks),
        env={**os.environ, "PATH": f"{built}{os.pathsep}{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "front.html").is_file() and (tmp_path / "outputs.safetensors").is_file()


def anchors(page: Path) -> set[str]:
    """What links may point to in a page: its headings as mdBook and forges name them."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in found]
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_in_the_book() -> None:
    listed = LINK.findall((DOCS / "SUMMARY.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(page.name for page in PAGES if page.name != "SUMMARY.md")


def test_paths_that_pages_name_exist() -> None:
    named = re.compile(r"`((?:crates|docs|python|examples|fixtures|xtask|data)/[\w./-]+)`")
    missing = [
        (page.name, path)
        for page in PAGES
        for path in named.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert not missing


def test_the_names_of_adding_parts_exist() -> None:
    text = CODE.sub("", (DOCS / "EXTENDING.md").read_text(encoding="utf-8"))
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "crates").glob("*/src/**/*.rs")
    )
    names = set(re.findall(r"`([A-Z][A-Za-z]+)`", text)) - {"FILE"}
    assert {"Controller", "Space", "Operation", "Quirk", "AccuracyStages", "Evaluator"} <= names
    for name in names:
        kinds = rf"(trait|enum|struct|const|static) {name}\b"
        assert re.search(kinds, sources), f"there is no {name}"


def test_the_book_is_built_without_warnings(tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("mdbook")
    mdbook = str(beside) if beside.is_file() else shutil.which("mdbook")
    if mdbook is None:
        pytest.skip("mdbook is not installed")
    ran = subprocess.run(
        [mdbook, "build", "--dest-dir", str(tmp_path / "book")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0 and not re.search(r"warn|error", said, re.IGNORECASE), said
    assert (tmp_path / "book" / "TUTORIAL.html").is_file()
