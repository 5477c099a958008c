"""What is done to recordings and their originals and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

RECEIVE = act("receive", _("received the bytes"), "recording")
VERIFY = act("verify", _("fingerprint of the stored bytes verified"), "recording")
LOCK = act("lock", _("original locked"), "recording")
REFUSE = act("refuse", _("refused, kept in quarantine"), "recording")
DECIDE_QUARANTINE = act("decide_quarantine", _("decided on its quarantine"), "recording")
RESTORE = act("restore", _("restored it"), "original")
DAMAGE = act("damage", _("found that the store does not give the bytes as they came"), "original")
VIEW = act("view", _("opened the page"), "recording")
PLAY = act("play", _("played"), "recording")
ASK_PLAYBACK = act("ask_playback", _("asked for a version that plays here"), "recording")
DOWNLOAD = act("download", _("downloaded the original"), "recording")
ASK_REMOVAL = act("ask_removal", _("asked for its removal"), "recording")
WITHDRAW_REMOVAL = act("withdraw_removal", _("withdrew the wish for removal"), "recording")
DECIDE_REMOVAL = act("decide_removal", _("answered the wish for removal"), "recording")
CORRECT_TIME = act("correct_time", _("corrected its time"), "recording")
WITHDRAW_TIME = act("withdraw_time", _("took back a correction of its time"), "recording")
# of earlier versions
MERGE = act("merge", _("recognised as bytes already kept"), "recording")
PUBLISH = act("publish", _("browser version made"), "recording")
