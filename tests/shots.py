"""Takes screenshots of every page in both widths and themes (`make shots`).

They are written to var/shots/. ARGS="en" takes them in English, ARGS="zh-hans home" only those of
routes with `home` in their name.
"""

from __future__ import annotations

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

import django
from playwright.sync_api import FloatRect, sync_playwright

from config.local import paths

FOLDER = paths.ROOT / "var" / "shots"
LONGEST = 6000  # pixels; a longer page is cut


def main(words: list[str]) -> int:
    """Take the screenshots; return the number of pages with errors."""
    django.setup()
    from tests.conftest import _QUIET, CHROMIUM
    from tests.support import browser_driver, route_list
    from tests.support.route_objects import PageFinder
    from tests.support.stack import shared

    language = words[0] if words else "zh-hans"
    wanted = words[1] if len(words) > 1 else ""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"shots-{os.getpid()}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = 0
    with shared(run) as stack, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        finder = PageFinder(browser, stack, browser_driver.Watch(stack.address))
        for route in route_list.routes():
            if wanted not in route.name or route.name.startswith(("api:", "admin/")):
                continue
            page_address = finder.find(route)
            if not page_address:
                continue
            page = finder.page_of(page_address[0])
            browser_driver.speak(page, language)
            finder.watch.errors.clear()
            page.goto(page_address[1])
            for width, height in (browser_driver.PHONE_SCREEN, browser_driver.DESK_SCREEN):
                page.set_viewport_size({"width": width, "height": height})
                for theme in ("light", "dark"):
                    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
                    name = f"{route.name.replace(':', '-')}.{width}.{theme}.{language}.png"
                    tall = page.evaluate("document.documentElement.scrollHeight")
                    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(tall, LONGEST)}
                    page.screenshot(path=FOLDER / name, full_page=True, clip=clip, scale="css")
            errors = "; ".join(finder.watch.errors)
            failed += bool(errors)
            print(f"{route.name:36} {page_address[0]:10} {page_address[1]} {errors}", flush=True)
        finder.close()
        browser.close()
    print(f"The pictures are in {FOLDER}.")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
