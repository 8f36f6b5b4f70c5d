from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Any) -> None:
    settings.DEMO = True
    settings.MEDIA_ROOT = tmp_path
