"""The verbs: functions that change a case, in modules by topic.

Arguments are keyword-only; `by` is the actor and `now` the instant. A verb locks the case, checks
the right, and writes exactly one event. It raises NotPermitted or WrongState if it is refused.
Callers import the module: `handling.accept(petition=case, by=user, now=now)`.
"""
