"""The static site of a publication: opens from disk, asks no server and no network for anything.

Belongs here: the editions and their files. Does not belong here: any figure that no mart holds.

    pages/*.yml    what is shown: queries, headings, views      sections   reads them
    frames         runs the queries, cuts them to a member      views      draws rows: tables, charts, sankey
    words          words, names, numbers                        render     the frame around a page

    site/index.html, site/style.css, site/zh/, site/en/      the consortium's edition: everything that is aggregated
    site/members/<member_id>/                                the same for one member, with its own figures only

A static page cannot know its reader: hand `site/members/<member_id>/` to that member and the rest to the operations
centre (S5-SEC-01).
"""

from pipelines.publish.site.build import Edition, build_site
from pipelines.publish.site.frames import Frames, member_names, read_frames
from pipelines.publish.site.sections import sections

__all__ = ["Edition", "Frames", "build_site", "member_names", "read_frames", "sections"]
