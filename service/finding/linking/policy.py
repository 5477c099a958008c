"""Rules of the bureau: links between recordings and events."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import METRES, MINUTES, SECONDS, Rule, number, whole

AUTOMATIC_FROM = Rule[float](
    "link_automatic_from", 0.75, _("A link is made without a person from this score on"), number()
)
CLEAR_BY = Rule[float](
    "link_clear_by",
    0.15,
    _("A link is made without a person only this far ahead of the runner-up"),
    number(),
)
OFFER_FROM = Rule[float]("link_offer_from", 0.25, _("An event is offered from this score on"), number())
OFFERS = Rule[int]("link_offers", 3, _("So many events are offered at most"), whole())
SLACK = Rule[float](
    "link_slack_minutes",
    10,
    _("How far from an event a recording may start or end and still belong to it"),
    number(),
    MINUTES,
)
OPEN_EVENT = Rule[float](
    "link_open_event_minutes",
    120,
    _("An event whose departure is not known yet is taken to last so long"),
    number(),
    MINUTES,
)
NEAR = Rule[float](
    "link_near_metres", 150, _("Within this distance the place speaks for an event"), number(), METRES
)
FAR = Rule[float](
    "link_far_metres", 1000, _("From this distance on the place speaks against an event"), number(), METRES
)
PAUSE = Rule[float](
    "link_pause_seconds",
    120,
    _("Files of one recorder with no longer a break between them are one act of filming"),
    number(),
    SECONDS,
)
RULES = (AUTOMATIC_FROM, CLEAR_BY, OFFER_FROM, OFFERS, SLACK, OPEN_EVENT, NEAR, FAR, PAUSE)
