"""What a verb asks of people and programs: the verb table, its forms and its serializers."""
