"""Proves that a backup taken under load restores; prints what was asked and how long it took.

`python -m tests.drill [--cases 100000] [--photos 2000] [--plant NAME]`, in `var/drill` unless
`--folder` says otherwise. Exit 0 only when everything held and the restore took no longer than five
minutes.
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
from tests.drill.verify import Proof
from tests.support.stack import Stack

BAR = 300.0  # seconds
HASTE_BUILDING = "fxhy20"
LOAD_BEFORE, LOAD_AFTER = 12.0, 2.0  # limits there fall due after 6 seconds
GENEROUS = {"API_FILE_RATE": "100000/min", "API_WRITE_RATE": "100000/min"}


def main() -> int:
    """Fill, back up under load, restore, ask; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=2_000)
    parser.add_argument("--plant", choices=sorted(mutants.PLANTS))
    parser.add_argument("--folder", type=Path, default=paths.ROOT / "var" / "drill")
    wanted = parser.parse_args()
    top = wanted.folder.absolute()
    source, target, kept = top / "source", top / "restored", top / "backups"
    for old in (target, kept, paths.find(target).services):
        shutil.rmtree(old, ignore_errors=True)
    print("Filling the system that is to be backed up ...", flush=True)
    filled = system.call(source, "tests.drill.fixtures", str(wanted.cases), str(wanted.photos))
    print(filled.stdout, flush=True)
    if filled.returncode:
        return 1
    return drill(source, target, kept, wanted.plant)


def drill(source: Path, target: Path, kept: Path, plant: str | None) -> int:
    """Back up the source under load, restore it into the target, ask the target."""
    with system.running(source, **GENEROUS) as original:
        crowd = residents.prepared(original, HASTE_BUILDING)
        with crowd.at_work():
            time.sleep(LOAD_BEFORE)
            begun = time.time()
            taken = back_up(source, kept, plant)
            ended = time.time()
            time.sleep(LOAD_AFTER)
        print(taken[1], flush=True)
        report_load(crowd, begun, ended)
        if not taken[0]:
            return 1
        folder = max(kept.glob("zhaozhibu-*"))
        if not restored(source, target, folder):
            return 1
        with system.running(target) as there:
            proof = ask(there, original, folder, [one for one in crowd.acked if one.at < begun])
            proof.integrity()
    print(proof)
    print("The backup restores." if proof.is_right else "THE BACKUP DOES NOT RESTORE.")
    return 0 if proof.is_right else 1


def back_up(source: Path, kept: Path, plant: str | None) -> tuple[bool, str]:
    """Take a backup as `make backup` does, or with a mistake planted."""
    words = ("tests.drill.mutants", plant) if plant else ("config.backup",)
    done = system.call(source, *words, "take", BACKUP_DIR=str(kept))
    return done.returncode == 0, done.stdout


def report_load(crowd: residents.Residents, begun: float, ended: float) -> None:
    """Say what residents noticed of the backup."""
    during = [one.seconds for one in crowd.acked if begun <= one.at <= ended]
    calm = [one.seconds for one in crowd.acked if one.at < begun]
    print(
        f"  filed meanwhile: {len(crowd.acked)} reports with photos, {len(during)} of them during "
        f"the backup ({ended - begun:.1f} s); refused: {len(crowd.refused)} {crowd.refused[:1]}\n"
        f"  slowest answer before it {max(calm, default=0):.2f} s, during it "
        f"{max(during, default=0):.2f} s",
        flush=True,
    )


def restored(source: Path, target: Path, folder: Path) -> bool:
    """Restore with the keys of the source, which no backup holds; say how long it took."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "secrets.json", target)
    start = time.monotonic()
    done = system.call(target, "config.backup", "restore", str(folder))
    taken = time.monotonic() - start
    print(done.stdout, flush=True)
    print(f"  restore took {taken:.1f} s, the bar is {BAR:.0f} s", flush=True)
    return done.returncode == 0 and taken <= BAR


def ask(there: Stack, original: Stack, folder: Path, before: list[residents.Acked]) -> Proof:
    """Put every question to the restored system, people's and the clock's."""
    sheet = manifest.read(folder)
    proof = Proof(there)
    said = (there.at.var / "run.log").read_text()
    proof.holds("no sample was loaded over it", "Loading the sample" not in said)
    proof.rows(sheet)
    proof.acked(before)
    proof.photos()
    proof.doors(before[-1])
    proof.clock(original, sheet)
    return proof


if __name__ == "__main__":
    sys.exit(main())
