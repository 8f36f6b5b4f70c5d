"""Browser actions of journey tests: log in, report, track, take screenshots."""

from __future__ import annotations

import base64
import hmac
import io
import os
import random
import re
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
)
from pypinyin import lazy_pinyin

from config.local import paths
from petitions.sample import pictures
from tests.support.stack import Stack

SHOTS = paths.ROOT / "docs" / "screenshots"
PHONE_SCREEN, DESK_SCREEN = (360, 780), (1280, 860)
LARGEST_SHOT = 120 * 1000
PASSWORD = os.environ.get("DEMO_PASSWORD") or "Demo-2026-grid"
WAIT = 30_000  # milliseconds; the machine may be busy with other tests
BUILDING = "阜兴花苑46号楼"
MURKY = "打开水龙头，水是浑的，发黄，放了一会儿还是这样。"


@dataclass
class Watch:
    """Records script and policy errors and requests to other hosts."""

    home: str
    errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Listen to every page of a browser context."""
        context.on("console", self._said)
        context.on("weberror", lambda message: self.errors.append(str(message.error)))
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location.get('url', '')}")

    def _asked(self, request: Request) -> None:
        self.addresses.append(request.url)
        if not request.url.startswith((f"{self.home}/", "data:", "blob:")):
            self.foreign_requests.append(request.url)


def context(
    browser: Browser,
    stack: Stack,
    *,
    screen: tuple[int, int] = PHONE_SCREEN,
    theme: str = "light",
    language: str = "",
    script: bool = True,
) -> BrowserContext:
    """Open a browser context with cookies for language and theme only."""
    width, height = screen
    is_phone = width < 600
    browser_context = browser.new_context(
        base_url=stack.address,
        viewport={"width": width, "height": height},
        device_scale_factor=2 if is_phone else 1,
        has_touch=is_phone,
        locale="en-GB" if language == "en" else "zh-CN",
        timezone_id="Asia/Shanghai",
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    chosen = {"theme": theme, "django_language": language}
    browser_context.add_cookies(
        [{"name": k, "value": v, "url": stack.address} for k, v in chosen.items() if v]
    )
    browser_context.set_default_timeout(WAIT)
    browser_context.set_default_navigation_timeout(WAIT)
    return browser_context


def speak(page: Page, language: str) -> None:
    """Set the language cookie, as the menu does."""
    home = page.context.cookies()[0]
    page.context.add_cookies(
        [{"name": "django_language", "value": language, "domain": home["domain"], "path": "/"}]
    )


START_PAGES = re.compile(r"/(home|admin|security-log|me)/$")


def log_in(page: Page, username: str) -> None:
    """Log in with a demo account and wait for its start page."""
    send_password(page, username)
    page.wait_for_url(START_PAGES)


def send_password(page: Page, username: str) -> None:
    """Submit name and password."""
    page.goto("/account/login/?next=/home/")
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def prove_password(page: Page) -> None:
    """Confirm the password, which is required before the second factor is set up."""
    page.goto("/account/2fa/totp/activate/")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/totp/activate/")


def add_second_factor(page: Page) -> None:
    """Set up the second factor with a generated code."""
    prove_password(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(f"{totp(secret):06d}")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/2fa/**")


def totp(secret: str) -> int:
    """Return the current TOTP code (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return int(number % 10**6)


def snap(page: Page, name: str, *, whole: bool = False) -> None:
    """Save a screenshot for the README when SHOTS=1 is set."""
    if not os.environ.get("SHOTS"):
        return
    page.evaluate("window.scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    SHOTS.mkdir(parents=True, exist_ok=True)
    file = SHOTS / f"{name}.webp"
    for quality in (72, 60, 45, 30):
        picture.save(file, quality=quality, method=6)
        if file.stat().st_size <= LARGEST_SHOT:
            break


def photo_with_place(folder: Path) -> Path:
    """Create a photo with camera, time and position in its metadata."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Example"
    exif[ExifTags.Base.DateTime] = "2026:11:20 08:30:00"
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (44.0, 9.0, 8.0), 3: "E", 4: (87.0, 59.0, 0.0)}
    image = Image.new("RGB", pictures.SIZE)
    pictures.SCENES["WS"](ImageDraw.Draw(image), random.Random(46))
    file = folder / "水龙头.jpg"
    image.save(file, "JPEG", exif=exif, comment=b"taken at home")
    return file


def metadata(picture: bytes) -> dict[str, object]:
    """Return the metadata of a picture."""
    image = Image.open(io.BytesIO(picture))
    tags = {str(tag): value for tag, value in image.getexif().items()}
    return tags | {name: image.info[name] for name in ("comment", "xmp") if name in image.info}


def qr_code(stack: Stack, place: str) -> str:
    """Return the QR code of a building."""
    query = """SELECT code FROM grids_placeqr q JOIN grids_area a ON a.id = q.area_id
        WHERE a.full_name = %s AND q.revoked_at IS NULL"""
    return str(stack.value(query, place))


@dataclass(frozen=True)
class Receipt:
    """Case number and tracking code from the receipt page."""

    number: str
    code: str

    @property
    def case(self) -> int:
        """The id of the case: the last part of its number."""
        return int(self.number.rpartition("-")[2])


def begin_report(page: Page, stack: Stack, place: str = BUILDING) -> None:
    """Open the page of a building's QR code and start a report."""
    page.goto(f"/q/{qr_code(stack, place)}/")
    expect(page.locator("h1")).to_have_text(place)
    page.get_by_role("button", name="反映这里的一件事").click()


def finish_draft(page: Page) -> None:
    """Complete the report without contact details, up to the check page."""
    choose_murky_water(page)
    page.locator("textarea[name=text]").fill(MURKY)
    page.get_by_role("button", name="下一步", exact=True).last.click()
    page.get_by_role("button", name="不留联系方式，下一步").click()
    page.wait_for_url("**/report/check/")


def file_at_desk(page: Page) -> None:
    """File a report at the desk by keyboard."""
    page.goto("/petitions/new/")
    type_report(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/slip/")


def choose_murky_water(page: Page) -> None:
    """Choose the category: water supply, murky water."""
    page.get_by_role("link", name=re.compile("供水")).first.click()
    page.get_by_role("button", name=re.compile("浑")).click()


def read_receipt(page: Page) -> Receipt:
    """Read number and code from the receipt page."""
    page.wait_for_url("**/report/receipt/")
    number, code = page.locator("main .code__value").all_inner_texts()
    return Receipt(number.strip(), code.strip())


def follow(page: Page, receipt: Receipt, digits: str = "") -> None:
    """Open the tracking page with the code and, if needed, the last four digits."""
    page.goto("/track/")
    page.locator("input[name=code]").fill(receipt.code)
    page.locator("input[name=digits]").fill(digits)
    page.locator("form[data-code-form] button").click()
    page.wait_for_url("**/track/case/")
    expect(page.locator("h1")).to_be_visible()


def type_report(page: Page, stroke: float = 0) -> int:
    """Type a report into the desk form; return the number of keystrokes.

    Chinese counts as pinyin letters plus a space per two characters; `stroke` is the milliseconds
    per key. Before choosing from a list the function waits for the list.
    """
    keys = 0

    def typed(text: str) -> None:
        nonlocal keys
        for character in text:
            letters = len(lazy_pinyin(character)[0]) + 0.5 if character > "\u2e7f" else 1
            page.wait_for_timeout(stroke * letters)
            page.keyboard.type(character)
            keys += round(letters)

    def pressed(key: str) -> None:
        nonlocal keys
        page.keyboard.press(key)
        keys += 1

    for words in ("fxhy46", "浑"):
        typed(words)
        page.locator("[role=listbox]:not([aria-busy]) [role=option]:visible").first.wait_for()
        pressed("Tab")
    typed(MURKY)
    pressed("Tab")
    typed("昨天")
    return keys


def open_case(page: Page, receipt: Receipt) -> Locator:
    """Open a case as staff; return the bar with its verbs."""
    page.goto(f"/petitions/{receipt.case}/")
    return page.locator(".casebar")


def open_verb(page: Page, receipt: Receipt, label: str) -> None:
    """Choose a verb with a form, which is a button or a line of the menu."""
    bar = open_case(page, receipt)
    link = bar.get_by_role("link", name=label, exact=True)
    if not link.is_visible():
        bar.get_by_text("更多").click()
    link.click()
