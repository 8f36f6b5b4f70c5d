"""What a person does with a browser, in the words of the page: look, log in, report, follow."""

from __future__ import annotations

import io
import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from config import places
from petitions.sample import pictures
from tests.stack import Stack

SHOTS = places.ROOT / "docs" / "screenshots"
PHONE_SCREEN, DESK_SCREEN = (360, 780), (1280, 860)
LARGEST_SHOT = 120 * 1000
PASSWORD = os.environ.get("DEMO_PASSWORD") or "Demo-2026-grid"
WAIT = 30_000  # milliseconds; the machine may be busy with other tests
BUILDING = "阜兴花苑46号楼"
MURKY = "打开水龙头，水是浑的，发黄，放了一会儿还是这样。"


@dataclass
class Watch:
    """What went wrong behind a page: errors of scripts and policy, requests to other hosts."""

    home: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Listen to every page of this context."""
        context.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        context.on("weberror", lambda said: self.errors.append(str(said.error)))
        context.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        self.addresses.append(request.url)
        if not request.url.startswith((f"{self.home}/", "data:", "blob:")):
            self.strangers.append(request.url)


def context(
    browser: Browser,
    stack: Stack,
    *,
    screen: tuple[int, int] = PHONE_SCREEN,
    theme: str = "light",
    language: str = "",
    script: bool = True,
) -> BrowserContext:
    """Open a browser of somebody's own: no cookies yet but the language and theme they chose."""
    width, height = screen
    is_phone = width < 600
    made = browser.new_context(
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
    made.add_cookies(
        [{"name": k, "value": v, "url": stack.address} for k, v in chosen.items() if v]
    )
    made.set_default_timeout(WAIT)
    made.set_default_navigation_timeout(WAIT)
    return made


def log_in(page: Page, username: str) -> None:
    """Log in as one of the demo people, arriving at today's work."""
    page.goto("/account/login/?next=/home/")
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/home/")


def snap(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture for the README when asked to: SHOTS=1."""
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
    """Make a photo as a telephone does: with camera, instant and position inside."""
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
    """Return what a picture tells besides its pixels."""
    image = Image.open(io.BytesIO(picture))
    told = {str(tag): value for tag, value in image.getexif().items()}
    return told | {name: image.info[name] for name in ("comment", "xmp") if name in image.info}


def qr_code(stack: Stack, place: str) -> str:
    """Return the code printed on the wall of a building."""
    query = """SELECT code FROM grids_placeqr q JOIN grids_area a ON a.id = q.area_id
        WHERE a.full_name = %s AND q.revoked_at IS NULL"""
    return str(stack.one(query, place))


@dataclass(frozen=True)
class Receipt:
    """What a resident takes home."""

    number: str
    code: str

    @property
    def case(self) -> int:
        """The id of the case, which its number ends in."""
        return int(self.number.rpartition("-")[2])


def choose_murky_water(page: Page) -> None:
    """Say what it is: water, and of that the murky kind."""
    page.get_by_role("link", name=re.compile("供水")).first.click()
    page.get_by_role("button", name=re.compile("浑")).click()


def read_receipt(page: Page) -> Receipt:
    """Read number and code off the receipt."""
    page.wait_for_url("**/report/receipt/")
    number, code = page.locator(".slip .code__value").all_inner_texts()
    return Receipt(number.strip(), code.strip())


def follow(page: Page, receipt: Receipt, digits: str = "") -> None:
    """Open the tracking page with the code, and the last four digits where a number was left."""
    page.goto("/track/")
    page.locator("input[name=code]").fill(receipt.code)
    page.locator("input[name=digits]").fill(digits)
    page.locator("form[data-code-form] button").click()
    page.wait_for_url("**/track/case/")
    expect(page.locator("h1")).to_be_visible()
