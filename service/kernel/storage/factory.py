"""A store from its address: `file:///dir[?quota=BYTES&reserve=BYTES]` or `s3://bucket?endpoint=http://host:port[&region=…]`."""

import contextlib
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from service.kernel.settings import get_settings
from service.kernel.storage.directory import DirectoryObjects
from service.kernel.storage.directory_multipart import DirectoryMultipart
from service.kernel.storage.errors import StorageUnavailable
from service.kernel.storage.protocols import MIB, Store
from service.kernel.storage.room import Room

DEFAULT_RESERVE = 256 * MIB
"""Free disk that a directory store leaves to the database and the system."""


@cache
def get_store() -> Store:
    """That of this process."""
    settings = get_settings()
    return open_store(settings.store_url, settings.s3_access_key, settings.s3_secret_key)


def open_store(url: str, access_key: str = "", secret_key: str = "") -> Store:
    """Makes the folder or the bucket where it is missing. An S3 store that does not answer yet is opened all the
    same and tried again with each request. ValueError: the address or a key is wrong."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}

    def only(*known: str) -> None:
        if unknown := set(options) - set(known):
            raise ValueError(f"unknown in the object store's address: {', '.join(sorted(unknown))}")

    if parts.scheme == "file":
        only("quota", "reserve")
        root = Path(unquote(parts.path))
        if parts.netloc or not root.is_absolute():
            raise ValueError("a directory store is file:///an/absolute/folder")
        room = Room(
            root,
            int(options["quota"]) if "quota" in options else None,
            int(options.get("reserve", DEFAULT_RESERVE)),
        )
        objects = DirectoryObjects(root, room)
        objects.prepare()
        return Store("directory", objects, DirectoryMultipart(objects))
    if parts.scheme == "s3":
        from service.kernel.storage.s3 import Bucket
        from service.kernel.storage.s3_multipart import S3Multipart
        from service.kernel.storage.s3_objects import S3Objects

        only("endpoint", "region")
        endpoint = options.get("endpoint", "https://s3.amazonaws.com")
        if not endpoint.startswith(("http://", "https://")) or not parts.netloc:
            raise ValueError("an S3 store is s3://bucket?endpoint=http://host:port&region=…")
        if not access_key or not secret_key:
            raise ValueError("an S3 store needs ZHENGLU_S3_ACCESS_KEY and ZHENGLU_S3_SECRET_KEY")
        bucket = Bucket(parts.netloc, endpoint, options.get("region", "us-east-1"), access_key, secret_key)
        with contextlib.suppress(StorageUnavailable):
            bucket.prepare()
        return Store("s3", S3Objects(bucket), S3Multipart(bucket))
    raise ValueError("the object store's address begins with file:// or s3://")


def load_driver(url: str) -> None:
    """Loads the SDK where the address needs it, which takes a while: at the start of a process that serves, and not
    inside its first upload. Other processes never load it."""
    if urlsplit(url).scheme == "s3":
        import_module("service.kernel.storage.s3_multipart")
        import_module("service.kernel.storage.s3_objects")
