"""What can go wrong in a publication, in words for the person who reads the run. Nothing else belongs here."""

from __future__ import annotations


class PublicationError(RuntimeError):
    """The night could not publish. The publication before it is untouched; the text says why and what to do."""


class NotPublished(LookupError):
    """No such publication, or it is no longer kept."""
