"""CSV files: no cell becomes a formula, numbers stay numbers, quotes and line breaks survive."""

import csv
import io

import pytest

from config.lib.web.csv_response import csv_response, inert


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "  =1", "＝1", "＠x"]
)
def test_a_formula_is_neutralised(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("value", ["正文", "1-1", "a=b", "", 5, -5, 1.5])
def test_other_cells_stay(value: object) -> None:
    assert inert(value) == value


def test_cells_survive() -> None:
    rows = [["一", 'say "x"', "two\nlines", "a,b"]]
    response = csv_response("x.csv", rows)
    body = b"".join(response).decode("utf-8-sig")  # type: ignore[arg-type]
    assert list(csv.reader(io.StringIO(body))) == rows
    assert response["Content-Disposition"] == 'attachment; filename="x.csv"'
    assert response["Cache-Control"] == "private, no-store"
