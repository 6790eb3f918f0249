"""The page of a run in a browser: what only a browser can tell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser, chromium

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "target/release/examples/sample_run"
PATH = chromium()
pytestmark = pytest.mark.skipif(PATH is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 300 random candidates, simulated."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    if EXAMPLE.exists():
        command = [str(EXAMPLE)]
    elif shutil.which("cargo"):
        command = ["cargo", "run", "--quiet", "--release", "-p", "pimnas-page", "--example",
                   "sample_run", "--"]
    else:
        pytest.skip("the example sample_run is not built and there is no cargo")
    subprocess.run([*command, str(file)], check=True, cwd=ROOT)
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    assert PATH is not None
    browser = Browser(PATH)
    yield browser
    browser.close()


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Browser]:
    """A browser with the page, on a desktop; whatever a test does, no script fails."""
    browser.window(1280, 900)
    browser.open(page.as_uri())
    yield browser
    assert browser.told("Runtime.exceptionThrown") == []


def selected(browser: Browser) -> int:
    """How many trials are selected, as the page says it."""
    return int(browser.run("document.getElementById('selection').dataset.count"))


def axis(browser: Browser, index: int) -> tuple[float, float, float]:
    """The place of an axis in the window: x, top and bottom."""
    box = json.loads(browser.run(f"""(() => {{
        const grip = document.querySelector('[data-axis="{index}"] .grip');
        grip.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
        const box = grip.getBoundingClientRect();
        return JSON.stringify([box.x + box.width / 2, box.top, box.bottom]);
    }})()"""))
    return box[0], box[1], box[2]


def test_it_loads_without_an_error_and_asks_for_nothing(opened: Browser, page: Path) -> None:
    requests = {event["request"]["url"] for event in opened.told("Network.requestWillBeSent")}
    assert requests == {page.as_uri()}
    assert opened.told("Runtime.exceptionThrown") == []
    assert opened.told("Runtime.consoleAPICalled") == []
    assert opened.told("Log.entryAdded") == []
    assert opened.run("document.documentElement.classList.contains('scripted')")


def test_the_policy_lets_nothing_out(opened: Browser) -> None:
    blocked = opened.run("""new Promise(done => {
        document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));
        document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/a.png' }));
        setTimeout(() => done('nothing'), 5000);
    })""")
    assert blocked == "img-src"


def test_a_brush_selects_in_every_picture(opened: Browser) -> None:
    everything = selected(opened)
    assert everything > 200
    x, top, bottom = axis(opened, 0)
    opened.drag((x, top + 10), (x, (top + bottom) / 2))
    some = selected(opened)
    assert 0 < some < everything
    drawn = opened.run("""[...document.querySelectorAll('.picked')]
        .map(path => (path.getAttribute('d').match(/M/g) || []).length)""")
    front = opened.run("document.querySelectorAll('svg.scatter')[0]"
                       ".querySelectorAll('[data-trial]:not(.out)').length")
    assert len(drawn) == 7 and all(count == some - front for count in drawn), (drawn, some, front)
    rows = opened.run("document.querySelectorAll('table.front tr[data-trial]:not(.out)').length")
    assert rows == front
    # A second brush narrows, a click on an axis clears its own, a button all.
    x, top, bottom = axis(opened, 1)
    opened.drag((x, bottom - 10), (x, (top + bottom) / 2))
    assert selected(opened) < some
    opened.drag((x, bottom - 10), (x, bottom - 10))
    assert selected(opened) == some
    opened.run("document.querySelector('#selection button').click()")
    opened.settle()
    assert selected(opened) == everything


def test_an_area_of_a_scatter_plot_selects(opened: Browser) -> None:
    everything = selected(opened)
    left, top, right, bottom = json.loads(opened.run("""(() => {
        const svg = document.querySelector('svg.scatter');
        svg.scrollIntoView({ block: 'center', behavior: 'instant' });
        const box = svg.querySelector('.frame').getBoundingClientRect();
        return JSON.stringify([box.left, box.top, box.right, box.bottom]);
    })()"""))
    middle = ((left + right) / 2, (top + bottom) / 2)
    opened.drag((left + 2, top + 2), middle)
    assert 0 < selected(opened) < everything
    assert opened.run("document.querySelectorAll('svg.scatter .box[visibility=visible]').length") == 0


def test_the_keyboard_selects(opened: Browser) -> None:
    everything = selected(opened)
    opened.run("document.querySelector('[data-axis=\"0\"]').focus()")
    for _ in range(8):
        opened.key("ArrowDown")
    some = selected(opened)
    assert some < everything
    assert "to" in opened.run("document.activeElement.getAttribute('aria-valuetext')")
    opened.key("ArrowUp", shift=True)
    assert selected(opened) <= some
    opened.key("Escape")
    assert selected(opened) == everything


def test_pointing_shows_a_trial(opened: Browser) -> None:
    x, y, trial = json.loads(opened.run("""(() => {
        const dot = document.querySelector('svg.scatter circle[data-trial]');
        dot.scrollIntoView({ block: 'center', behavior: 'instant' });
        const box = dot.getBoundingClientRect();
        return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2, dot.dataset.trial]);
    })()"""))
    opened.mouse("Moved", x, y)
    opened.settle()
    assert opened.run("document.getElementById('tip').textContent").startswith(f"trial {trial},")
    assert opened.run("document.querySelectorAll('.near[visibility=visible]').length") == 7
    assert opened.run("document.querySelector('tr.near').dataset.trial") == trial


def test_titles_sort_the_front(opened: Browser) -> None:
    column = "[...document.querySelectorAll('table.front tbody tr')].map(r => +r.children[2].dataset.value)"
    for reverse in (False, True):
        opened.run("document.querySelector('table.front button[data-column=\"2\"]').click()")
        values = opened.run(column)
        assert values == sorted(values, reverse=reverse) and len(set(values)) > 1


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out_and_no_text_lies_on_text(browser: Browser, page: Path, width: int) -> None:
    browser.window(width, 844, mobile=width < 500)
    browser.open(page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") <= width
    overlaps = browser.run("""(() => {
        const found = [];
        for (const svg of document.querySelectorAll('svg')) {
            const boxes = [...svg.querySelectorAll('text')].map(text => [text, text.getBoundingClientRect()]);
            boxes.forEach(([one, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
                const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (x > 1 && y > 4) found.push(one.textContent + ' | ' + other.textContent);
            }));
        }
        return found;
    })()""")
    assert overlaps == []


def test_every_member_begins_a_page_in_print(opened: Browser) -> None:
    members = opened.run("document.querySelectorAll('section.member').length")
    assert members > 3
    pages = len(re.findall(rb"/Type\s*/Page\b", opened.pdf()))
    assert pages > members


def test_dark_and_light_differ(opened: Browser) -> None:
    colours = []
    for scheme in ("light", "dark"):
        opened.call("Emulation.setEmulatedMedia",
                    features=[{"name": "prefers-color-scheme", "value": scheme}])
        colours.append(opened.run("getComputedStyle(document.body).backgroundColor"))
    opened.call("Emulation.setEmulatedMedia", features=[])
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 23, 26)"]
