"""Template tags of the smallest components: icon, badge, status, urgency, deadline.

A page draws these components a hundred times, so they are Python functions and not templates.
Every value is escaped. A drawn component ends with a line break, which keeps the distance
between inline elements.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

from django import template
from django.forms.boundfield import BoundWidget
from django.forms.utils import flatatt
from django.template import Context
from django.templatetags.static import static
from django.utils.formats import localize
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from config.lib.text_forms import grouped_telephone
from config.lib.web.page_address import page_address

register = template.Library()

# Case status -> tone and icon of its badge.
STATUSES = MappingProxyType(
    {
        "submitted": ("accent", "inbox"),
        "accepted": ("info", "clipboard-check"),
        "assigned": ("info", "user-check"),
        "in_progress": ("info", "wrench"),
        "resolved": ("done", "hourglass"),
        "resolved_pending_verification": ("done", "hourglass"),
        "resolved_awaiting_confirmation": ("done", "hourglass"),
        "followed_up": ("done", "phone-call"),
        "closed": ("done", "check-solid"),
        "returned": ("soon", "corner-up-left"),
        "reopened": ("soon", "refresh-cw"),
        "declined": ("neutral", "circle-x"),
        "not_accepted": ("neutral", "circle-x"),
        "redirected": ("neutral", "forward"),
        "withdrawn": ("neutral", "undo-2"),
        "merged": ("neutral", "git-merge"),
        "suspended": ("paused", "pause-solid"),
    }
)
OTHER_STATUS = ("neutral", "circle-dot")
# Urgency -> tone and icon of its badge. A normal case has a plain word instead of a badge.
URGENCIES = MappingProxyType(
    {
        "emergency": ("overdue", "siren"),
        "urgent": ("soon", "zap"),
        "complex": ("neutral", "network"),
        "consultation": ("neutral", "circle-help"),
        "suggestion": ("neutral", "lightbulb"),
    }
)
# State of a deadline -> tone and icon.
DEADLINES = MappingProxyType(
    {
        "overdue": ("overdue", "alert-solid"),
        "soon": ("soon", "clock-alert"),
        "paused": ("paused", "pause-solid"),
        "met": ("done", "circle-check"),
    }
)
RUNNING_DEADLINE = ("neutral", "clock")


@register.simple_tag
def icon(name: str, label: str = "", size: str = "", flip: object = False) -> SafeString:
    """Draw an icon of static/icons/sprite.svg.

    name: id of the symbol; label: text for screen readers, left out when words stand beside the
    icon; size: "l" or "xl"; flip: mirrored in right-to-left scripts.
    """
    if label:
        return _svg(name, size, flip, format_html('role="img" aria-label="{}"', label))
    return _decorative(name, size, bool(flip))


@register.simple_tag
def badge(label: object, tone: str = "neutral", icon: str = "") -> SafeString:
    """Draw a word with a tone.

    tone: neutral, accent, info, soon, overdue, paused or done; icon: name of the icon before the
    word.
    """
    return format_html(
        '<span class="badge tone-{}">{}{}</span>\n',
        tone,
        _decorative(icon) if icon else "",
        localize(label),
    )


@register.simple_tag
def status(code: str, label: str) -> SafeString:
    """Draw the status of a case: icon, word and tone; an unknown code is neutral."""
    return badge(label, *STATUSES.get(code, OTHER_STATUS))


@register.simple_tag
def urgency(code: str, label: str) -> SafeString:
    """Draw the urgency of a case; a normal one is a plain word without a pill."""
    if code in URGENCIES:
        return badge(label, *URGENCIES[code])
    return format_html('<span class="muted small nowrap">{}</span>\n', label)


@register.simple_tag
def deadline(
    state: str, absolute: str, relative: str, *, what: str = "", datetime: str = ""
) -> SafeString:
    """Draw when something is due: icon and words, never by colour alone.

    state: ok, soon, overdue, paused or met; absolute: "11月24日 18:00"; relative: "还剩 3 小时";
    what: what is due ("首次联系"); datetime: the instant in ISO 8601. Empty words are left out.
    """
    tone, icon = DEADLINES.get(state, RUNNING_DEADLINE)
    moment = format_html(' datetime="{}"', datetime) if datetime else ""
    return format_html(
        '<span class="deadline tone-{}">{}{}{}{}</span>\n',
        tone,
        _decorative(icon),
        format_html("<span>{}</span>", what) if what else "",
        format_html('<span class="deadline__rel">{}</span>', relative) if relative else "",
        format_html('<time class="deadline__abs"{}>{}</time>', moment, absolute)
        if absolute
        else "",
    )


@register.simple_tag
def checkbox(choice: BoundWidget) -> SafeString:
    """Draw one box of a field of check boxes; the widget's own two templates cost five times it."""
    option = choice.data
    return format_html(
        '<input type="checkbox" name="{}" value="{}"{}>',
        option["name"],
        option["value"],
        flatatt(option["attrs"]),
    )


@register.simple_tag(takes_context=True, name="page_address")
def draw_page_address(context: Context) -> str:
    """Return the address to which language, theme and text size lead back."""
    request = context.get("request")
    return page_address(request) if request else "/"


@lru_cache(maxsize=1024)
def _decorative(name: str, size: str = "", flip: bool = False) -> SafeString:
    """Draw an icon without a text of its own; cached, because all arguments are code words."""
    # A string marked as safe equals a plain one, so the cache could return one for the other:
    # escape both.
    return _svg(escape(name), escape(size or ""), flip, SafeString('aria-hidden="true"'))


def _svg(name: str, size: str, flip: object, meaning: SafeString) -> SafeString:
    return format_html(
        '<svg class="icon{}{}" width="20" height="20" viewBox="0 0 24 24" focusable="false" {}>'
        '<use href="{}#{}"></use></svg>\n',
        format_html(" icon--{}", size) if size else "",
        " icon--flip" if flip else "",
        meaning,
        static("icons/sprite.svg"),
        name,
    )


@register.filter
def isolated(value: object) -> SafeString:
    """Wrap a text that somebody typed, so that its direction does not reorder what surrounds it."""
    return format_html("<bdi>{}</bdi>", value)


@register.filter
def telephone(value: str) -> SafeString:
    """Show a folded telephone in groups, from left to right in every language."""
    return format_html('<bdi class="num" dir="ltr">{}</bdi>', grouped_telephone(value))
