"""Models of people: users, posts, enrolled cadres, the inbox, and the security log."""

from members.models.inbox import Delivery, InboxMessage
from members.models.posts import NearbyEnrolment, Post
from members.models.rights_records import RightsRecord
from members.models.security import ChainBlock, RefusalCount, SecurityEvent
from members.models.users import User

__all__ = [
    "ChainBlock",
    "Delivery",
    "InboxMessage",
    "NearbyEnrolment",
    "Post",
    "RefusalCount",
    "RightsRecord",
    "SecurityEvent",
    "User",
]
