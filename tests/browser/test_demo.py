"""The demonstration page in a real browser: pick a patient, see the cards, answer one."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.web import create_app

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium")
SHOTS = os.environ.get("DEMO_SCREENSHOTS")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FeedbackStore]]:
    database = tmp_path_factory.mktemp("demo") / "feedback.sqlite"
    settings = load_settings(demo=True, as_of="2026-11-23", database_url=f"sqlite:///{database}")
    store = FeedbackStore(settings.database_url)
    server = make_server("127.0.0.1", 0, create_app(settings, store=store), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", store
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        message = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                  "--disable-background-networking", "--disable-component-update",
                  "--disable-sync"],
        )  # fmt: skip
        yield chromium
        chromium.close()


def shot(page: object, name: str) -> None:
    """Keep a screenshot when DEMO_SCREENSHOTS names a folder (how docs/images is made)."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)  # type: ignore[attr-defined]


def test_a_patient_is_picked_and_the_cards_of_the_real_hook_are_shown(demo, browser):
    url, _store = demo
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    page.wait_for_selector(".patient")
    shot(page, "demo-list")
    with page.expect_response("**/cds-services/ra-refractory-review") as fired:
        page.click("[data-case=v02-primary-nonresponse-m3]")
    assert fired.value.status == 200
    cards = fired.value.json()["cards"]
    page.wait_for_selector(".card")
    assert page.locator(".card h3").all_inner_texts() == [card["summary"] for card in cards]
    assert "etanercept" in page.locator(".card h3").first.inner_text()
    assert page.locator(".card.warning").count() >= 1
    shot(page, "demo-cards")

    page.locator(".card details summary").first.click()
    assert page.locator(".card details[open] tr").count() > 1
    page.click("[data-tab=decision]")
    assert '"PRIMARY_NONRESPONSE_M3"' in page.inner_text("#decision")

    page.click("[data-tab=cards]")
    with page.expect_response("**/feedback") as answered:
        page.locator(".card").first.locator("select").select_option(index=1)
    assert answered.value.status == 200
    page.click("[data-language=zh]")
    page.wait_for_function("document.querySelector('.card h3').textContent.includes('依那西普')")
    shot(page, "demo-cards-zh")
    assert faults == []
    page.close()


def test_on_a_phone_the_list_gives_way_to_the_cards_and_nothing_overflows(demo, browser):
    url, _ = demo
    page = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    page.goto(url)
    page.click("[data-case=v06-pseudo-refractory]")
    page.wait_for_selector(".card")
    assert not page.locator("nav").is_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page scrolls sideways at phone width"
    shot(page, "demo-phone")
    page.click("#back")
    assert page.locator("nav").is_visible()
    page.close()


def test_the_search_narrows_the_list(demo, browser):
    url, _ = demo
    page = browser.new_page()
    page.goto(url)
    page.fill("#search", "pseudo-refractory")
    shown = [b for b in page.locator(".patient").all() if b.is_visible()]
    assert shown and all("pseudo-refractory" in b.inner_text().lower() for b in shown)
    page.close()
