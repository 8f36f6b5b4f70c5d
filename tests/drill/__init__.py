"""The restore drill: a backup taken under load becomes a second system, which is then asked."""
