"""Commands that replace those of Django: an app of its own, which stands before Django's apps."""
