"""Limits of input that forms and serializers share."""

MAX_ID = 2**53  # larger integers lose digits in JSON numbers of JavaScript
MAX_TEXT_LENGTH = 2000
