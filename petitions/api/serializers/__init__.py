"""Serializers of cases and of the verbs' request bodies."""
