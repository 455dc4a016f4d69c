"""The static site of a publication: opens from disk, asks no server and no network for anything.

Belongs here: the editions and their files. Does not belong here: figures (`frames`), what a page shows (`pages`).

    site/index.html, site/style.css, site/zh/, site/en/      the consortium's edition: everything that is aggregated
    site/members/<member_id>/                                the same for one member, with its own figures only

A static page cannot know its reader: hand `site/members/<member_id>/` to that member and the rest to the operations
centre (S5-SEC-01).
"""

from pipelines.publish.site.build import Edition, build_site

__all__ = ["Edition", "build_site"]
