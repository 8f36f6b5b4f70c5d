"""Restore a backup that was taken under load, and verify the restored system.

`python -m tests.drill [--cases 100000] [--photos 2000] [--mutant NAME]`, in `var/drill` or
`--folder`. Exit 0 only when every check passed and the restore took at most five minutes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from config.backup import manifest
from config.local import paths
from tests.drill import mutants, residents, system
from tests.drill.verify import Verification
from tests.support.stack import Stack

MAX_RESTORE_SECONDS = 300.0  # seconds
SHORT_DEADLINE_BUILDING = "fxhy20"
LOAD_BEFORE, LOAD_AFTER = 12.0, 2.0  # deadlines there pass after 6 seconds
HIGH_RATES = {"API_FILE_RATE": "100000/min", "API_WRITE_RATE": "100000/min"}


def main() -> int:
    """Load data, back up under load, restore, verify; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=2_000)
    parser.add_argument("--mutant", choices=sorted(mutants.MUTANTS))
    parser.add_argument("--folder", type=Path, default=paths.ROOT / "var" / "drill")
    arguments = parser.parse_args()
    top = arguments.folder.absolute()
    source, target, backups = top / "source", top / "restored", top / "backups"
    for old in (target, backups, paths.find(target).services):
        shutil.rmtree(old, ignore_errors=True)
    print("Loading the data of the source system ...", flush=True)
    filled = system.call(
        source, "tests.drill.fixtures", str(arguments.cases), str(arguments.photos)
    )
    print(filled.stdout, flush=True)
    if filled.returncode:
        return 1
    return drill(source, target, backups, arguments.mutant)


def drill(source: Path, target: Path, backups: Path, mutant: str | None) -> int:
    """Back up the source under load, restore it into the target, verify the target."""
    with system.running(source, **HIGH_RATES) as original:
        load = residents.with_token(original, SHORT_DEADLINE_BUILDING)
        with load.running():
            time.sleep(LOAD_BEFORE)
            backup_start = time.time()
            result = back_up(source, backups, mutant)
            backup_end = time.time()
            time.sleep(LOAD_AFTER)
        print(result[1], flush=True)
        report_load(load, backup_start, backup_end)
        if not result[0]:
            return 1
        folder = max(backups.glob("zhaozhibu-*"))
        if not restored(source, target, folder):
            return 1
        with system.running(target) as there:
            verification = verify(
                there,
                original,
                folder,
                [report for report in load.acknowledged if report.at < backup_start],
            )
            verification.integrity()
    print(verification)
    print("The backup restores." if verification.is_passed else "THE BACKUP DOES NOT RESTORE.")
    return 0 if verification.is_passed else 1


def back_up(source: Path, backups: Path, mutant: str | None) -> tuple[bool, str]:
    """Create a backup as `make backup` does, or by a mutant."""
    words = ("tests.drill.mutants", mutant) if mutant else ("config.backup",)
    done = system.call(source, *words, "take", BACKUP_DIR=str(backups))
    return done.returncode == 0, done.stdout


def report_load(load: residents.Residents, backup_start: float, backup_end: float) -> None:
    """Print the latency of filing before and during the backup."""
    during = [
        report.seconds for report in load.acknowledged if backup_start <= report.at <= backup_end
    ]
    calm = [report.seconds for report in load.acknowledged if report.at < backup_start]
    seconds = backup_end - backup_start
    print(f"  filed: {len(load.acknowledged)} reports with photos")
    print(f"  filed during the backup ({seconds:.1f} s): {len(during)}")
    print(f"  refused: {len(load.refused)} {load.refused[:1]}")
    print(f"  slowest before it: {max(calm, default=0):.2f} s")
    print(f"  slowest during it: {max(during, default=0):.2f} s", flush=True)


def restored(source: Path, target: Path, folder: Path) -> bool:
    """Restore with the keys of the source, which are not in the backup; print the duration."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "secrets.json", target)
    start = time.monotonic()
    done = system.call(target, "config.backup", "restore", str(folder))
    result = time.monotonic() - start
    print(done.stdout, flush=True)
    print(f"  restore took {result:.1f} s, the bar is {MAX_RESTORE_SECONDS:.0f} s", flush=True)
    return done.returncode == 0 and result <= MAX_RESTORE_SECONDS


def verify(
    there: Stack, original: Stack, folder: Path, before: list[residents.AcknowledgedReport]
) -> Verification:
    """Run all checks on the restored system."""
    sheet = manifest.read(folder)
    verification = Verification(there)
    said = (there.at.var / "run.log").read_text()
    verification.check("no sample was loaded over it", "Loading the sample" not in said)
    verification.rows(sheet)
    verification.acknowledged(before)
    verification.photos()
    verification.pages(before[-1])
    verification.clock(original, sheet)
    return verification


if __name__ == "__main__":
    sys.exit(main())
