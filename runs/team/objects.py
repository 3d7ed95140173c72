"""A store on S3 (or what speaks its language), GCS or Azure, through obstore.

Keys come from the environment or `.env`, under the names that all tools know, and nowhere else; what is read is masked from then on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from runs import secrets
from runs.team.errors import Missing, StoreDown, TeamError, TooLong
from runs.team.store import Entry, Options, checked

_KEYS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    "gs": ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"),
    "az": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"),
}
_PART = 8 << 20
RETRIES = 2


class ObjectStore:
    """Objects in a bucket, below the path of the address."""

    decides = True

    def __init__(self, url: str, options: Options) -> None:
        """Prepare the client.

        Raises:
            TeamError: obstore is not installed, or does not understand the address.
        """
        try:
            import obstore
            from obstore.store import from_url
        except ImportError:
            raise TeamError(f"{url.partition(':')[0]}:// needs obstore.", hint="pip install 'microdrama-workbench[team]'") from None
        self.url = url
        self._api = obstore
        seconds = timedelta(seconds=options.timeout_s)
        client: Any = {"timeout": seconds, "connect_timeout": seconds, "allow_http": options.endpoint.startswith("http://")}
        backoff: Any = {"max_retries": RETRIES, "retry_timeout": seconds}
        config: Any = _config(url, options)
        try:
            self._store = from_url(url, config=config, client_options=client, retry_config=backoff)
        except obstore.exceptions.BaseError as error:
            raise TeamError(f"The store {url} cannot be used: {_said(error)}.", hint="Look at [team] in workbench.toml.") from None

    def create(self, name: str, data: bytes) -> bool:
        """Put an object where there is none: the request says `If-None-Match: *`."""
        try:
            with self._told():
                self._api.put(self._store, checked(name), data, mode="create", use_multipart=False)
        except _Taken:
            return False
        return True

    def put(self, name: str, data: bytes) -> None:
        """Put an object, in the place of an older one."""
        with self._told():
            self._api.put(self._store, checked(name), data)

    def put_file(self, name: str, path: Path) -> None:
        """Put the contents of a file, in parts where it is large."""
        with self._told():
            self._api.put(self._store, checked(name), path, chunk_size=_PART)

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's bytes."""
        with self._told(name):
            found = self._api.get(self._store, checked(name))
            if found.meta["size"] > limit:
                raise TooLong(f"{name} on the store is longer than {limit} bytes.")
            return bytes(found.bytes())

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes in pieces."""
        with self._told(name):
            for piece in self._api.get(self._store, checked(name)).stream(min_chunk_size=1 << 20):
                yield bytes(piece)

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix."""
        with self._told():
            for batch in self._api.list(self._store, checked(prefix.rstrip("/")), chunk_size=1000):
                for meta in batch:
                    yield Entry(meta["path"], meta["size"], meta["last_modified"])

    def size(self, name: str) -> int | None:
        """Return how many bytes an object has."""
        try:
            with self._told(name):
                return int(self._api.head(self._store, checked(name))["size"])
        except Missing:
            return None

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects."""
        for name in names:
            with self._told(), contextlib.suppress(FileNotFoundError, self._api.exceptions.NotFoundError):
                self._api.delete(self._store, checked(name))

    @contextlib.contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        """Say in our words what went wrong; the library's own words may repeat requests."""
        known = self._api.exceptions
        try:
            yield
        except (FileNotFoundError, known.NotFoundError) as error:
            if name and "NoSuchBucket" not in str(error):
                raise Missing(f"There is no {name} on the store.") from None
            raise TeamError(f"There is no bucket at {self.url}.", hint="Make it, or mend [team] store.") from None
        except known.AlreadyExistsError:
            raise _Taken from None
        except (PermissionError, known.PermissionDeniedError, known.UnauthenticatedError):
            raise TeamError(
                f"The store {self.url} refuses these credentials.", hint="They are read from the environment or .env (docs/team.md)."
            ) from None
        except (known.BaseError, OSError) as error:
            raise StoreDown(
                f"The store {self.url} does not answer: {_said(error)}.", hint="Nothing is lost; it is shipped later."
            ) from None


class _Taken(Exception):
    """There is an object of that name."""


def _said(error: Exception) -> str:
    """Return the first words of a message of the library, which goes on for lines."""
    return str(secrets.redact(" ".join(str(error).split())))[:160].rstrip(".")


def _config(url: str, options: Options) -> dict[str, str]:
    """Return what the client is told: keys that are set, endpoint and region."""
    scheme = url.partition(":")[0]
    kind = "s3" if scheme == "s3" else "gs" if scheme in ("gs", "gcs") else "az"
    config = {name.lower(): value for name in _KEYS[kind] if (value := secrets.secret(name))}
    if kind == "s3":
        known = secrets.environment()
        region = options.region or known.get("AWS_REGION") or known.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = options.endpoint or known.get("AWS_ENDPOINT_URL_S3") or known.get("AWS_ENDPOINT_URL")
        config |= {"aws_region": region} | ({"aws_endpoint": endpoint} if endpoint else {})
    return config
