"""The thin Dagster layer: one file per room, told in the domain's words.

Belongs here: which asset stands for what, its dependencies, and readable metadata. Does not belong here: anything
that could be tested without Dagster.
"""
