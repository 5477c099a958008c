"""What is done about rows that their officers dispute and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

DISPUTED = ("event", "recording", "recorder", "squad")
RAISE_DISPUTE = act("raise_dispute", _("disputed its row"), *DISPUTED)
ANSWER_DISPUTE = act("answer_dispute", _("answered a dispute"), *DISPUTED)
WITHDRAW_DISPUTE = act("withdraw_dispute", _("withdrew a dispute"), *DISPUTED)
