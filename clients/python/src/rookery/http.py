"""HTTP: one connection pool, problem documents as errors, tries again."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import quote

import httpx

from .errors import (
    ConnectionFailed,
    Forbidden,
    Internal,
    NotFound,
    PayloadTooLarge,
    ResourceExhausted,
    RookeryError,
    Timeout,
    Unauthenticated,
    Unavailable,
    from_problem,
)
from .retry import Retry

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

# What a proxy or a load balancer in between may answer by itself, without a problem document.
BY_STATUS: Mapping[int, type[RookeryError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: PayloadTooLarge,
    429: ResourceExhausted,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def segment(value: str | int) -> str:
    """A part of a path: a name with a slash in it stays one part."""
    return quote(str(value), safe="")


def compact(value: Any) -> bytes:
    """JSON in UTF-8. Half of a surrogate pair, which UTF-8 has no form for, becomes U+FFFD."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class Http:
    """Requests to one server."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout_s: float,
        retry: Retry,
        client_options: Mapping[str, Any] | None = None,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"{base_url!r} is not the address of a server, such as http://127.0.0.1:8080")
        self.base_url = str(url).rstrip("/")
        self.headers = {"authorization": f"Bearer {token}"} if token else {}
        self.timeout_s = timeout_s
        self.retry = retry
        # How much runs at the same time is up to the caller: a request that waits for a slot holds its connection.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self._client = httpx.AsyncClient(**{"limits": limits, **(client_options or {})})

    async def close(self) -> None:
        await self._client.aclose()

    async def json(self, method: Method, path: str, **options: Any) -> Any:
        """The body of the answer. `options` are those of `request`."""
        return (await self.request(method, path, **options)).json()

    async def request(
        self,
        method: Method,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content: Callable[[], bytes | AsyncIterator[bytes]] | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        accept: frozenset[int] = frozenset(),
        retry: Retry | None = None,
    ) -> httpx.Response:
        """Sends a request, again where that is right. `content` is called for each try.

        Raises:
            RookeryError: the server refused, or could not be reached. Statuses in `accept` are no error.
        """
        sent = {**self.headers, **(headers or {})}
        if idempotency_key is not None:
            sent["idempotency-key"] = idempotency_key
        if body is not None:
            sent["content-type"] = "application/json"
        retry = retry or self.retry
        repeatable = idempotency_key is not None or method in ("GET", "PUT", "DELETE")
        failures = 0
        while True:
            payload = compact(body) if body is not None else content() if content else None
            request = self._client.build_request(
                method,
                self.base_url + path,
                params=present(params),
                content=payload,
                files=files,
                headers=sent,
                timeout=httpx.Timeout(timeout_s or self.timeout_s, connect=10.0, pool=None),
            )
            try:
                return await self._once(request, accept)
            except RookeryError as error:
                failures += 1
                pause = retry.pause_s(error, failures, repeatable=repeatable)
                if pause is None:
                    raise
                await asyncio.sleep(pause)

    async def _once(self, request: httpx.Request, accept: frozenset[int]) -> httpx.Response:
        with transport_errors():
            response = await self._client.send(request)
        if response.is_success or response.status_code in accept:
            return response
        raise of_response(response)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        silence_s: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """A `GET` whose body is read as it comes. Nothing for `silence_s` seconds breaks it off."""
        timeout = httpx.Timeout(silence_s or self.timeout_s, connect=10.0, pool=None)
        sent = {**self.headers, **(headers or {})}
        url = self.base_url + path
        with transport_errors():
            async with self._client.stream(
                "GET", url, params=present(params), headers=sent, timeout=timeout
            ) as response:
                if not response.is_success:
                    await response.aread()
                    raise of_response(response)
                yield response


class transport_errors:
    """Turns what httpx raises into a `RookeryError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
            detail = f"the server cannot be reached: {error or type(error).__name__}"
            raise ConnectionFailed(detail, retryable=True, outcome="not_started") from error
        if isinstance(error, (httpx.ReadTimeout, httpx.WriteTimeout)):
            raise Timeout("the server did not answer in time", outcome="unknown") from error
        if isinstance(error, httpx.TransportError):
            detail = f"the connection broke: {error or type(error).__name__}"
            raise ConnectionFailed(detail, retryable=True, outcome="unknown") from error


def of_response(response: httpx.Response) -> RookeryError:
    """The error a response stands for."""
    after = retry_after_s(response.headers.get("retry-after"))
    problem = _problem(response)
    if problem is not None:
        return from_problem({"retry_after_s": after, **problem}, status=response.status_code)
    kind = BY_STATUS.get(response.status_code, Internal)
    return kind(
        f"the server answered {response.status_code} {response.reason_phrase} without saying why",
        status=response.status_code,
        retryable=kind in (Unavailable, ResourceExhausted),
        retry_after_s=after,
        outcome="unknown" if response.status_code >= 500 else None,
        request_id=response.headers.get("x-request-id"),
    )


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        problem = response.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) and "code" in problem else None


def retry_after_s(value: str | None) -> float | None:
    """Seconds, of either form of the header."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def present(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what is not given; what a query says of truth is lower case."""
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in (fields or {}).items()
        if value is not None
    }
