"""Files of a session: staged for upload, downloaded by the browser, and the film of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Union

from .decode import decode
from .http import Http, segment
from .models import FileInfo, FileList

Content = Union[bytes, str, "os.PathLike[str]"]
"""The bytes of a file, or the path of a local one."""

CHUNK = 256 * 1024
# A large file takes as long as it takes; this is for each piece of it.
TRANSFER_S = 120.0


class Files:
    """Uploads, downloads and the recording."""

    _http: Http
    _path: str

    async def stage_upload(self, name: str, content: Content) -> FileInfo:
        """Stages a file, which `upload` then gives to a page. One of the same name is replaced.

        Raises:
            PayloadTooLarge: it is over the limit for files.
            OSError: the local file cannot be read.
        """
        path = f"{self._path}/files/uploads/{segment(name)}"
        answer = await self._http.json("PUT", path, content=_source(content), timeout_s=TRANSFER_S)
        return next(file for file in decode(FileList, answer).files if file.name == name)

    async def stage_uploads(self, files: Mapping[str, bytes]) -> list[FileInfo]:
        """Stages several files with one request, by their names."""
        form = [("file", (name, content)) for name, content in files.items()]
        answer = await self._http.json("POST", f"{self._path}/files/uploads", files=form, timeout_s=TRANSFER_S)
        return decode(FileList, answer).files

    async def list_uploads(self) -> list[FileInfo]:
        """What is staged."""
        return decode(FileList, await self._http.json("GET", f"{self._path}/files/uploads")).files

    async def unstage_upload(self, name: str) -> None:
        """Takes a staged file away."""
        await self._http.request("DELETE", f"{self._path}/files/uploads/{segment(name)}")

    async def list_downloads(self) -> list[FileInfo]:
        """What the browser has downloaded, or is downloading."""
        return decode(FileList, await self._http.json("GET", f"{self._path}/files/downloads")).files

    async def get_download(self, name: str, *, start: int = 0, end: int | None = None) -> bytes:
        """The bytes of a download, from `start` up to and without `end`.

        Raises:
            Conflict: it has not ended yet.
            NotFound: there is none of this name.
        """
        headers = {}
        if start or end is not None:
            headers["range"] = f"bytes={start}-{'' if end is None else end - 1}"
        path = f"{self._path}/files/downloads/{segment(name)}"
        return (await self._http.request("GET", path, headers=headers, timeout_s=TRANSFER_S)).content

    async def save_download(self, name: str, to: str | os.PathLike[str]) -> int:
        """Writes a download to a local file and says how many bytes it has. A file is there whole or not at all."""
        return await self._save(f"{self._path}/files/downloads/{segment(name)}", to)

    async def delete_download(self, name: str) -> None:
        """Removes a download from the worker's disk."""
        await self._http.request("DELETE", f"{self._path}/files/downloads/{segment(name)}")

    async def get_recording(self) -> bytes:
        """The film of a session made with `recording=True`, as Matroska: what there is so far, at most ten seconds old;
        the whole of it once the session has ended, for 24 hours.

        Raises:
            NotFound: nothing was recorded.
        """
        return (await self._http.request("GET", f"{self._path}/recording", timeout_s=TRANSFER_S)).content

    async def save_recording(self, to: str | os.PathLike[str]) -> int:
        """Writes the film to a local file, as `save_download` does, and says how many bytes it has."""
        return await self._save(f"{self._path}/recording", to)

    async def _save(self, path: str, to: str | os.PathLike[str]) -> int:
        target = Path(to)
        part = target.with_name(target.name + ".part")
        size = 0
        try:
            async with self._http.stream(path, silence_s=TRANSFER_S) as response:
                with part.open("wb") as out:
                    async for piece in response.aiter_bytes(CHUNK):
                        size += await asyncio.to_thread(out.write, piece)
            part.replace(target)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return size


def _source(content: Content) -> Callable[[], bytes | AsyncIterator[bytes]]:
    if isinstance(content, bytes):
        return lambda: content
    path = Path(content)
    # What cannot be read is the caller's mistake and is said before anything is sent.
    path.open("rb").close()
    return lambda: _pieces(path)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
