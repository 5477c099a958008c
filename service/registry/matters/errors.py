from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class NoSuchVersion(ServiceError):
    status, type = 404, "no-such-version"
    sentence = _n("There is no version {version} of the recording matters list.")
