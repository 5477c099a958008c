from service.kernel.errors import Conflict
from service.kernel.i18n import noop as _n


class CaseExists(Conflict):
    type = "case-exists"
    sentence = _n("The number {number} cannot be used for another case.")


class CaseWrittenOtherwise(CaseExists):
    """`number`: as it stands here; `how`: what differs in what was sent."""

    type = "case-written-otherwise"
    sentence = _n("There is {number} already: what was sent is the same, written with {how}.")


class CampaignExists(Conflict):
    type = "campaign-exists"
    sentence = _n("There is already a campaign with the external id {external_id}.")
