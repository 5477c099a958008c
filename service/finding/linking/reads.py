"""A link with its reasons in words, as the API answers it."""

from schemas.links import Link, LinkRead
from service.finding.linking.words import said


class LinkShown(LinkRead):
    """`words`: the reasons in the caller's language. `decided`: by a person."""

    words: list[str]
    decided: bool


def link_read(link: Link) -> LinkShown:
    kept = {name: getattr(link, name) for name in LinkRead.model_fields}
    return LinkShown(**kept, words=said(link.reasons), decided=link.decided_by is not None)


def link_reads(links: list[Link]) -> list[LinkShown]:
    return [link_read(link) for link in links]
