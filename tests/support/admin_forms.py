"""Reads the forms of admin pages, so that a test can send them as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser

from django.test import Client


class _FormParser(HTMLParser):
    """Collects the values that a browser sends for the main form of an admin page."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.is_inside = form_id, False
        self.values: dict[str, str] = {}
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a control of the form."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = values.get("id") == self.form_id
        if self.is_inside and tag in ("input", "select", "option", "textarea"):
            getattr(self, f"_note_{tag}")(values)

    def _note_input(self, values: dict[str, str]) -> None:
        kind, name = values.get("type"), values.get("name", "")
        is_box = kind in ("checkbox", "radio")
        if name and kind != "submit" and (not is_box or "checked" in values):
            self.values[name] = values.get("value", "on" if is_box else "")

    def _note_select(self, values: dict[str, str]) -> None:
        self._select = values.get("name", "")

    def _note_option(self, values: dict[str, str]) -> None:
        if self._select and ("selected" in values or self._select not in self.values):
            self.values[self._select] = values.get("value", "")

    def _note_textarea(self, values: dict[str, str]) -> None:
        self._textarea = values.get("name", "")
        self.values[self._textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        """Leave a control or the form."""
        if tag == "form":
            self.is_inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        """Note the text of a textarea."""
        if self._textarea:
            self.values[self._textarea] += data.removeprefix("\n")


def form_values(client: Client, url: str, form_id: str) -> dict[str, str]:
    """Return the values that the form on a page sends when nothing is typed."""
    page = client.get(url)
    assert page.status_code == 200, url
    parser = _FormParser(form_id)
    parser.feed(page.content.decode())
    return parser.values
