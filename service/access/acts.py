"""What is done with accounts and tokens and stands in custody."""

from service.kernel.custody import ANYTHING, act
from service.kernel.i18n import lazy as _

CREATE_ACCOUNT = act("create_account", _("created an account"), "account")
DISABLE_ACCOUNT = act("disable_account", _("disabled an account"), "account")
SET_PASSWORD = act("set_password", _("set a password"), "account")
CREATE_TOKEN = act("create_token", _("created an access token"), "api_token")
REVOKE_TOKEN = act("revoke_token", _("revoked an access token"), "api_token")
SIGN_IN = act("sign_in", _("signed in"), "account")
SIGN_IN_FAILED = act("sign_in_failed", _("failed to sign in"), "account")
SIGN_OUT = act("sign_out", _("signed out"), "account")
DENY = act("deny", _("was denied"), ANYTHING)
