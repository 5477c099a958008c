"""The object store of this process."""

from functools import cache

from service.kernel.settings import get_settings
from service.kernel.storage import Store, open_store


@cache
def get_store() -> Store:
    settings = get_settings()
    return open_store(settings.store_url, settings.s3_access_key, settings.s3_secret_key)
