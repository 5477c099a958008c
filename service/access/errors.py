from service.kernel.errors import Conflict, NotAllowed, ServiceError
from service.kernel.i18n import noop as _n


class WrongPassword(ServiceError):
    status, type = 401, "wrong-password"
    sentence = _n("This name and password do not go together.")


class TooManyAttempts(ServiceError):
    status, type = 429, "too-many-attempts"
    sentence = _n("Too many passwords are being tried here at once: try again in {seconds} seconds.")


class WeakPassword(ServiceError):
    status, type = 400, "weak-password"
    sentence = _n("A password needs at least 10 characters and must not contain the user name.")


class CsrfMissing(NotAllowed):
    type = "csrf"
    sentence = _n("This form has expired: go back, reload the page and try again.")


class LastAdministrator(Conflict):
    type = "last-administrator"
    sentence = _n("This is the last administrator: make another one first.")


class UsernameTaken(ServiceError):
    status, type = 409, "username-taken"
    sentence = _n("There is already an account named {username}.")
