"""Parts of the REST API shared by all apps: parsers, strict serializers, pagination, OpenAPI."""
