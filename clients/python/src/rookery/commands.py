"""A method for each command. Written by generate.py from docs/openapi.json: do not edit.

Every method takes, beside its own arguments:

- `tab`: the number of the tab, `tabs[].n`; absent: the active one.
- `timeout_ms`: the time it has, in milliseconds, 1 to 600 000; 30 000 if absent.
- `idempotency_key`: it runs at most once under it; used again, it gives the first answer.
- `on_human_control`: `wait` until a person gives control back, or `fail` with `Conflict` at once.

What is left out is not sent: the server's defaults apply. A target is a selector (CSS, or one that starts with
`text=`, `role=` or `xpath=`), a `Target` as `rookery.targets` makes them, or is given by keyword:
`click(role="button", name="Save")`.

Each may raise any `RookeryError`: `InvalidArgument` for what is wrong in the request (several elements match),
`Timeout` when it was not done in time (`context["check"]` names what was missing), `BrowserError` when the page did not
go along, `Conflict` while a dialog is open or a person drives, `Gone` when the session has ended.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import answers
from .models import (
    Action,
    ContentFormat,
    Cookie,
    ElementState,
    FieldValue,
    ImageFormat,
    KeyEvent,
    Modifier,
    MouseButton,
    MouseEvent,
    ObservePreset,
    OnHumanControl,
    Position,
    ScrollTo,
    StorageState,
    Tab,
    Target,
    TargetWithoutText,
    Viewport,
    WaitUntil,
)
from .results import (
    Checked,
    CommandResult,
    CookiesStored,
    DialogAnswered,
    Dragged,
    Filled,
    Navigated,
    Nothing,
    Observation,
    Pointed,
    Pressed,
    Scrolled,
    Selected,
    StorageStored,
    TabActivated,
    TabOpened,
    TabsLeft,
    Typed,
    Uploaded,
)
from .targets import TargetArg, require, resolve

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Commands(ABC):
    """What can be done with a page."""

    @abstractmethod
    async def run(
        self, action: Action, *, idempotency_key: str | None = None, **fields: Any
    ) -> CommandResult[dict[str, Any]]:
        """Runs any command with its fields as the API has them, and gives the whole answer."""

    async def navigate(
        self,
        url: str,
        *,
        referrer: str | None = None,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Goes to a URL (http, https, data or about:blank)."""
        body: dict[str, Any] = {
            "url": url,
            "referrer": referrer,
            "wait_until": wait_until,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("navigate", idempotency_key=idempotency_key, **body)
        return answer

    async def reload(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Loads the page again."""
        body: dict[str, Any] = {
            "wait_until": wait_until,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("reload", idempotency_key=idempotency_key, **body)
        return answer

    async def back(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Goes back in the tab's history."""
        body: dict[str, Any] = {
            "wait_until": wait_until,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("back", idempotency_key=idempotency_key, **body)
        return answer

    async def forward(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Goes forward in the tab's history."""
        body: dict[str, Any] = {
            "wait_until": wait_until,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("forward", idempotency_key=idempotency_key, **body)
        return answer

    async def click(
        self,
        target: TargetArg | None = None,
        *,
        button: MouseButton | None = None,
        click_count: int | None = None,
        modifiers: Sequence[Modifier] | None = None,
        position: Position | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Pointed]:
        """Clicks once the target is visible, still, enabled and not covered.

        Args:
            click_count: 1 to 3.
            position: Within the element; its centre if absent.
        """
        body: dict[str, Any] = {
            "target": require(target, by),
            "button": button,
            "click_count": click_count,
            "modifiers": modifiers,
            "position": position,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("click", idempotency_key=idempotency_key, **body)
        return answer

    async def hover(
        self,
        target: TargetArg | None = None,
        *,
        position: Position | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Pointed]:
        """Moves the pointer over the target."""
        body: dict[str, Any] = {
            "target": require(target, by),
            "position": position,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("hover", idempotency_key=idempotency_key, **body)
        return answer

    async def type(
        self,
        text: str,
        target: TargetArg | None = None,
        *,
        clear: bool | None = None,
        delay_ms: int | None = None,
        sensitive: bool | None = None,
        submit: bool | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[TargetWithoutText],
    ) -> CommandResult[Typed]:
        """Types into the target, or into the focused element.

        Args:
            clear: Empties the field first.
            delay_ms: Milliseconds between characters; 0 inserts the text at once. At most 1 000.
            sensitive: The text appears in no log and no event.
            submit: Presses Enter afterwards.
            target: Absent: the focused element.
        """
        body: dict[str, Any] = {
            "text": text,
            "target": resolve(target, by),
            "clear": clear,
            "delay_ms": delay_ms,
            "sensitive": sensitive,
            "submit": submit,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("type", idempotency_key=idempotency_key, **body)
        return answer

    async def press(
        self,
        keys: str,
        target: TargetArg | None = None,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Pressed]:
        """Presses keys on the target, or on the focused element.

        Args:
            keys: Chords such as `Control+A`, `Shift+Tab`, `Enter`; several are separated by a space.
        """
        body: dict[str, Any] = {
            "keys": keys,
            "target": resolve(target, by),
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("press", idempotency_key=idempotency_key, **body)
        return answer

    async def select_option(
        self,
        target: TargetArg | None = None,
        *,
        labels: Sequence[str] | None = None,
        values: Sequence[str] | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Selected]:
        """Selects options of a select box, by their values or by their labels."""
        body: dict[str, Any] = {
            "target": require(target, by),
            "labels": labels,
            "values": values,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("select_option", idempotency_key=idempotency_key, **body)
        return answer

    async def check(
        self,
        target: TargetArg | None = None,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Checked]:
        """Checks a box, or picks a radio button."""
        body: dict[str, Any] = {
            "target": require(target, by),
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("check", idempotency_key=idempotency_key, **body)
        return answer

    async def uncheck(
        self,
        target: TargetArg | None = None,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Checked]:
        """Unchecks a box."""
        body: dict[str, Any] = {
            "target": require(target, by),
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("uncheck", idempotency_key=idempotency_key, **body)
        return answer

    async def fill_form(
        self,
        fields: Mapping[str, FieldValue],
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Filled]:
        """Fills fields by label: text, true or false for a box, a list for a multiple select."""
        body: dict[str, Any] = {
            "fields": fields,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("fill_form", idempotency_key=idempotency_key, **body)
        return answer

    async def scroll(
        self,
        target: TargetArg | None = None,
        *,
        delta_x: float | None = None,
        delta_y: float | None = None,
        to: ScrollTo | None = None,
        wheel_at: Position | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Scrolled]:
        """Scrolls the page or the target by CSS pixels or to an end; or shows the target.

        Args:
            target: Scrolled into view, or scrolled itself where deltas or `to` are given.
            wheel_at: Turns the mouse wheel by the deltas at this place of the viewport instead: pages hear of
                it, and what is under the pointer scrolls. Without `target` and `to`.
        """
        body: dict[str, Any] = {
            "target": resolve(target, by),
            "delta_x": delta_x,
            "delta_y": delta_y,
            "to": to,
            "wheel_at": wheel_at,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("scroll", idempotency_key=idempotency_key, **body)
        return answer

    async def drag(
        self,
        from_: TargetArg,
        to: TargetArg,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Dragged]:
        """Drags one target onto another."""
        body: dict[str, Any] = {
            "from": require(from_, {}),
            "to": require(to, {}),
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("drag", idempotency_key=idempotency_key, **body)
        return answer

    async def mouse(
        self,
        event: MouseEvent,
        x: float,
        y: float,
        *,
        button: MouseButton | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Nothing]:
        """Moves the pointer, or holds a button down until its `up`; CSS pixels."""
        body: dict[str, Any] = {
            "event": event,
            "x": x,
            "y": y,
            "button": button,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("mouse", idempotency_key=idempotency_key, **body)
        return answer

    async def key(
        self,
        event: KeyEvent,
        key: str,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Nothing]:
        """Holds a key down until its `up`.

        Args:
            key: `KeyboardEvent.key`, e.g. `a`, `Enter`, `Shift`.
        """
        body: dict[str, Any] = {
            "event": event,
            "key": key,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("key", idempotency_key=idempotency_key, **body)
        return answer

    async def upload(
        self,
        target: TargetArg | None = None,
        *,
        files: Sequence[str],
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Uploaded]:
        """Gives staged files (see `stage_upload`) to a file input.

        Args:
            files: Names of staged files; an empty list clears the field.
        """
        body: dict[str, Any] = {
            "target": require(target, by),
            "files": files,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("upload", idempotency_key=idempotency_key, **body)
        return answer

    async def wait_for(
        self,
        target: TargetArg | None = None,
        *,
        expression: str | None = None,
        load_state: WaitUntil | None = None,
        ms: int | None = None,
        state: ElementState | None = None,
        url: str | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> CommandResult[Nothing]:
        """Waits until all that is given holds at the same time.

        Args:
            expression: JavaScript that becomes truthy.
            ms: Only waits this long.
            url: A glob such as `**/checkout*`, or a part of the URL.
        """
        body: dict[str, Any] = {
            "target": resolve(target, by),
            "expression": expression,
            "load_state": load_state,
            "ms": ms,
            "state": state,
            "url": url,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("wait_for", idempotency_key=idempotency_key, **body)
        return answer

    async def evaluate(
        self,
        expression: str,
        target: TargetArg | None = None,
        *,
        args: Sequence[Any] | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> Any:
        """Evaluates an expression, statements or a function, and gives its value; `None` if it opened a dialog.

        Args:
            expression: An expression, or a function that is called with `args` (after the element, where there
                is a `target`).
        """
        body: dict[str, Any] = {
            "expression": expression,
            "target": resolve(target, by),
            "args": args,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.value(await self.run("evaluate", idempotency_key=idempotency_key, **body))

    async def content(
        self,
        *,
        format: ContentFormat | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """What the page holds, as HTML, text or Markdown."""
        body: dict[str, Any] = {
            "format": format,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.text(await self.run("content", idempotency_key=idempotency_key, **body))

    async def screenshot(
        self,
        target: TargetArg | None = None,
        *,
        format: ImageFormat | None = None,
        full_page: bool | None = None,
        quality: int | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
        **by: Unpack[Target],
    ) -> bytes:
        """A picture of the viewport, the whole page or one element: the file's bytes.

        Args:
            quality: 0 to 100, for jpeg and webp; 80 if absent.
        """
        body: dict[str, Any] = {
            "target": resolve(target, by),
            "format": format,
            "full_page": full_page,
            "quality": quality,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.data(await self.run("screenshot", idempotency_key=idempotency_key, **body))

    async def pdf(
        self,
        *,
        landscape: bool | None = None,
        margin_bottom: float | None = None,
        margin_left: float | None = None,
        margin_right: float | None = None,
        margin_top: float | None = None,
        page_ranges: str | None = None,
        paper_height: float | None = None,
        paper_width: float | None = None,
        prefer_css_page_size: bool | None = None,
        print_background: bool | None = None,
        scale: float | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> bytes:
        """The page as a PDF: the file's bytes. Lengths in inches.

        Args:
            page_ranges: E.g. `1-5, 8`.
            scale: 0.1 to 2.
        """
        body: dict[str, Any] = {
            "landscape": landscape,
            "margin_bottom": margin_bottom,
            "margin_left": margin_left,
            "margin_right": margin_right,
            "margin_top": margin_top,
            "page_ranges": page_ranges,
            "paper_height": paper_height,
            "paper_width": paper_width,
            "prefer_css_page_size": prefer_css_page_size,
            "print_background": print_background,
            "scale": scale,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.data(await self.run("pdf", idempotency_key=idempotency_key, **body))

    async def set_viewport(
        self,
        width: int,
        height: int,
        *,
        scale: float | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Viewport]:
        """Sets the size of the viewport, in CSS pixels."""
        body: dict[str, Any] = {
            "width": width,
            "height": height,
            "scale": scale,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("set_viewport", idempotency_key=idempotency_key, **body)
        return answer

    async def cookies_get(
        self,
        *,
        urls: Sequence[str] | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> list[Cookie]:
        """The session's cookies.

        Args:
            urls: Only those that would be sent to one of these; empty: all.
        """
        body: dict[str, Any] = {
            "urls": urls,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.cookies(await self.run("cookies_get", idempotency_key=idempotency_key, **body))

    async def cookies_set(
        self,
        cookies: Sequence[Cookie],
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[CookiesStored]:
        """Sets cookies: all of them or none."""
        body: dict[str, Any] = {
            "cookies": cookies,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("cookies_set", idempotency_key=idempotency_key, **body)
        return answer

    async def cookies_clear(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Nothing]:
        """Removes all cookies."""
        body: dict[str, Any] = {
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("cookies_clear", idempotency_key=idempotency_key, **body)
        return answer

    async def storage_get(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> StorageState:
        """Cookies and local storage, in Playwright's form."""
        body: dict[str, Any] = {
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.storage_state(await self.run("storage_get", idempotency_key=idempotency_key, **body))

    async def storage_set(
        self,
        storage_state: StorageState,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[StorageStored]:
        """Sets cookies and local storage."""
        body: dict[str, Any] = {
            "storage_state": storage_state,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("storage_set", idempotency_key=idempotency_key, **body)
        return answer

    async def dialog(
        self,
        accept: bool,
        *,
        text: str | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[DialogAnswered]:
        """Answers the open dialog; `text` is for a prompt.

        Args:
            text: Of a prompt.
        """
        body: dict[str, Any] = {
            "accept": accept,
            "text": text,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("dialog", idempotency_key=idempotency_key, **body)
        return answer

    async def tabs(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> list[Tab]:
        """The session's tabs."""
        body: dict[str, Any] = {
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.tabs(await self.run("tabs", idempotency_key=idempotency_key, **body))

    async def new_tab(
        self,
        *,
        url: str | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabOpened]:
        """Opens a tab and waits for its page."""
        body: dict[str, Any] = {
            "url": url,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("new_tab", idempotency_key=idempotency_key, **body)
        return answer

    async def activate_tab(
        self,
        tab: int,
        *,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabActivated]:
        """Makes a tab the active one."""
        body: dict[str, Any] = {
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("activate_tab", idempotency_key=idempotency_key, **body)
        return answer

    async def close_tab(
        self,
        tab: int,
        *,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabsLeft]:
        """Closes a tab."""
        body: dict[str, Any] = {
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        answer: CommandResult[Any] = await self.run("close_tab", idempotency_key=idempotency_key, **body)
        return answer

    async def observe(
        self,
        *,
        cursor: str | None = None,
        max_bytes: int | None = None,
        preset: ObservePreset | None = None,
        screenshot: bool | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> Observation:
        """What the page shows, as an outline with refs for what can be acted on.

        Args:
            cursor: `next_cursor` of the answer before: continues the same outline.
            max_bytes: Size of the outline; 1 000 to 1 000 000, 20 000 if absent.
        """
        body: dict[str, Any] = {
            "cursor": cursor,
            "max_bytes": max_bytes,
            "preset": preset,
            "screenshot": screenshot,
            "tab": tab,
            "timeout_ms": timeout_ms,
            "on_human_control": on_human_control,
        }
        return answers.observation(await self.run("observe", idempotency_key=idempotency_key, **body))
