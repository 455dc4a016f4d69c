"""Insurance risk outside SQL: how well the rules find what is known. The rules themselves are dbt models."""
