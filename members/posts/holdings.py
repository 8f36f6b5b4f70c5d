"""What a post, an account or an organisation still holds in this app before it ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib.holdings import Holding
from members.enums import HEAD_ROLES
from members.models import InboxMessage, Post, User
from members.posts import directory


def of_post(post: Post, day: dt.date) -> Iterator[Holding]:
    """Yield who goes on for a head post, and the unread messages of a last post."""
    if post.role in HEAD_ROLES and post.organisation_id is not None:
        yield _successor(post, day)
    if not Post.objects.on(day).filter(user=post.user_id).exclude(pk=post.pk).exists():
        yield Holding("last_post", 0, _("这是本人现在唯一的任职：结束后看不到任何诉求和消息。"))
        yield from _unread_messages(post.user_id)


def of_user(user: User, day: dt.date) -> Iterator[Holding]:
    """Yield who goes on for each head post of an account, and its unread messages."""
    posts = Post.objects.on(day).filter(user=user, role__in=sorted(HEAD_ROLES))
    for post in posts.select_related("organisation").order_by("id"):
        yield _successor(post, day)
    yield from _unread_messages(user.pk)


def of_organisation(organisation: Organisation, day: dt.date) -> Iterator[Holding]:
    """Yield the posts at the organisation after `day`; they must end before."""
    still_open = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
    if count := Post.objects.filter(still_open, organisation=organisation).count():
        text = _("还有 %(count)d 个职务有人担任，请先由安全管理员结束任职。") % {"count": count}
        yield Holding("posts", count, text, blocks=True)


def _successor(post: Post, day: dt.date) -> Holding:
    """Return who else heads the organisation; without anybody the level above is notified."""
    assert post.organisation is not None
    others = [
        other
        for other in directory.posts_at([post.organisation.pk], [], day)
        if other.user_id != post.user_id
    ]
    words = {"organisation": post.organisation.name}
    if not others:
        text = _("%(organisation)s 以后没有负责人：新诉求通知上一级，并列入“资料要补”。") % words
        return Holding("vacant", 0, text)
    words["people"] = "、".join(other.user.name for other in others)
    return Holding("successor", 0, _("%(organisation)s 以后由 %(people)s 负责。") % words)


def _unread_messages(user_id: int) -> Iterator[Holding]:
    count = InboxMessage.objects.filter(user=user_id, read_at=None).count()
    if count:
        yield Holding(
            "messages", count, _("没看过的消息 %(count)d 条，不会转给别人。") % {"count": count}
        )
