"""The timetable of this app: which task the clock wakes, and how often (seconds)."""

from __future__ import annotations

SCHEDULE: dict[str, dict[str, str | float]] = {
    "members-deliver-due": {"task": "members.tasks.deliver_due", "schedule": 15.0},
    "members-daily-digest": {"task": "members.tasks.daily_digest", "schedule": 300.0},
}
