"""Inbox messages: wording and delivery channels."""
