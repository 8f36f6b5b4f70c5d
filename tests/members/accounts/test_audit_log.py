"""The security log: the fingerprint of an unknown name."""

from typing import Any

from members.accounts import audit_log


def test_stored_fingerprints_keep_their_meaning(settings: Any) -> None:
    settings.SECRET_KEY = "secret"
    assert audit_log.fingerprint(" Somebody ") == "0a96d4e893af2709"
