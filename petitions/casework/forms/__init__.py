"""Forms of the verbs and of the door sheet."""
