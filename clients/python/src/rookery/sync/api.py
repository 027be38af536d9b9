"""The synchronous face. Written by generate.py from the asynchronous classes: do not edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import client as asynchronous
from .. import session as asynchronous_session
from .. import socket as asynchronous_socket
from ..events import Event
from ..files import Content
from ..frames import Frame
from ..input import InputEvent
from ..models import (
    Action,
    ContentFormat,
    Control,
    ControlAction,
    Cookie,
    ElementState,
    FieldValue,
    FileInfo,
    Health,
    ImageFormat,
    KeyEvent,
    Modifier,
    MouseButton,
    MouseEvent,
    ObservePreset,
    OnHumanControl,
    PatchSession,
    Position,
    Pressure,
    QueueReport,
    ScrollTo,
    SessionInfo,
    SessionList,
    State,
    StorageState,
    StreamUrls,
    Tab,
    Target,
    TargetWithoutText,
    Viewport,
    WaitUntil,
    Worker,
    WorkerList,
)
from ..results import (
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
from ..targets import TargetArg
from .portal import Portal

if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack


class CommandsApi:
    _portal: Portal
    _inner: asynchronous_session.Session | asynchronous_socket.Socket

    def run(
        self,
        action: Action,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> CommandResult[dict[str, Any]]:
        """Runs any command with its fields as the API has them, and gives the whole answer."""
        return self._portal.call(self._inner.run(action, idempotency_key=idempotency_key, **fields))

    def navigate(
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
        return self._portal.call(
            self._inner.navigate(
                url,
                referrer=referrer,
                wait_until=wait_until,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def reload(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Loads the page again."""
        return self._portal.call(
            self._inner.reload(
                wait_until=wait_until,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def back(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Goes back in the tab's history."""
        return self._portal.call(
            self._inner.back(
                wait_until=wait_until,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def forward(
        self,
        *,
        wait_until: WaitUntil | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Navigated]:
        """Goes forward in the tab's history."""
        return self._portal.call(
            self._inner.forward(
                wait_until=wait_until,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def click(
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
        return self._portal.call(
            self._inner.click(
                target,
                button=button,
                click_count=click_count,
                modifiers=modifiers,
                position=position,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def hover(
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
        return self._portal.call(
            self._inner.hover(
                target,
                position=position,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def type(
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
        return self._portal.call(
            self._inner.type(
                text,
                target,
                clear=clear,
                delay_ms=delay_ms,
                sensitive=sensitive,
                submit=submit,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def press(
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
        return self._portal.call(
            self._inner.press(
                keys,
                target,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def select_option(
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
        return self._portal.call(
            self._inner.select_option(
                target,
                labels=labels,
                values=values,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def check(
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
        return self._portal.call(
            self._inner.check(
                target,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def uncheck(
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
        return self._portal.call(
            self._inner.uncheck(
                target,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def fill_form(
        self,
        fields: Mapping[str, FieldValue],
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Filled]:
        """Fills fields by label: text, true or false for a box, a list for a multiple select."""
        return self._portal.call(
            self._inner.fill_form(
                fields,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def scroll(
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
        return self._portal.call(
            self._inner.scroll(
                target,
                delta_x=delta_x,
                delta_y=delta_y,
                to=to,
                wheel_at=wheel_at,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def drag(
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
        return self._portal.call(
            self._inner.drag(
                from_,
                to,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def mouse(
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
        return self._portal.call(
            self._inner.mouse(
                event,
                x,
                y,
                button=button,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def key(
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
        return self._portal.call(
            self._inner.key(
                event,
                key,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def upload(
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
        return self._portal.call(
            self._inner.upload(
                target,
                files=files,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def wait_for(
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
        return self._portal.call(
            self._inner.wait_for(
                target,
                expression=expression,
                load_state=load_state,
                ms=ms,
                state=state,
                url=url,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def evaluate(
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
        return self._portal.call(
            self._inner.evaluate(
                expression,
                target,
                args=args,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def content(
        self,
        *,
        format: ContentFormat | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """What the page holds, as HTML, text or Markdown."""
        return self._portal.call(
            self._inner.content(
                format=format,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def screenshot(
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
        return self._portal.call(
            self._inner.screenshot(
                target,
                format=format,
                full_page=full_page,
                quality=quality,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
                **by,
            )
        )

    def pdf(
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
        return self._portal.call(
            self._inner.pdf(
                landscape=landscape,
                margin_bottom=margin_bottom,
                margin_left=margin_left,
                margin_right=margin_right,
                margin_top=margin_top,
                page_ranges=page_ranges,
                paper_height=paper_height,
                paper_width=paper_width,
                prefer_css_page_size=prefer_css_page_size,
                print_background=print_background,
                scale=scale,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def set_viewport(
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
        return self._portal.call(
            self._inner.set_viewport(
                width,
                height,
                scale=scale,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def cookies_get(
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
        return self._portal.call(
            self._inner.cookies_get(
                urls=urls,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def cookies_set(
        self,
        cookies: Sequence[Cookie],
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[CookiesStored]:
        """Sets cookies: all of them or none."""
        return self._portal.call(
            self._inner.cookies_set(
                cookies,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def cookies_clear(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[Nothing]:
        """Removes all cookies."""
        return self._portal.call(
            self._inner.cookies_clear(
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def storage_get(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> StorageState:
        """Cookies and local storage, in Playwright's form."""
        return self._portal.call(
            self._inner.storage_get(
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def storage_set(
        self,
        storage_state: StorageState,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[StorageStored]:
        """Sets cookies and local storage."""
        return self._portal.call(
            self._inner.storage_set(
                storage_state,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def dialog(
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
        return self._portal.call(
            self._inner.dialog(
                accept,
                text=text,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def tabs(
        self,
        *,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> list[Tab]:
        """The session's tabs."""
        return self._portal.call(
            self._inner.tabs(
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def new_tab(
        self,
        *,
        url: str | None = None,
        tab: int | None = None,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabOpened]:
        """Opens a tab and waits for its page."""
        return self._portal.call(
            self._inner.new_tab(
                url=url,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def activate_tab(
        self,
        tab: int,
        *,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabActivated]:
        """Makes a tab the active one."""
        return self._portal.call(
            self._inner.activate_tab(
                tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def close_tab(
        self,
        tab: int,
        *,
        timeout_ms: int | None = None,
        on_human_control: OnHumanControl | None = None,
        idempotency_key: str | None = None,
    ) -> CommandResult[TabsLeft]:
        """Closes a tab."""
        return self._portal.call(
            self._inner.close_tab(
                tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )

    def observe(
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
        return self._portal.call(
            self._inner.observe(
                cursor=cursor,
                max_bytes=max_bytes,
                preset=preset,
                screenshot=screenshot,
                tab=tab,
                timeout_ms=timeout_ms,
                on_human_control=on_human_control,
                idempotency_key=idempotency_key,
            )
        )


class ControlApi:
    _portal: Portal
    _inner: asynchronous_session.Session | asynchronous_socket.Socket

    def set_control(
        self,
        action: ControlAction,
        *,
        holder: str | None = None,
        note: str | None = None,
    ) -> Control:
        """Changes who drives.

        Args:
            action: what is to happen.
            holder: the person, as shown to others; of `give`, who gets it.
            note: to whoever comes next; at most 1 000 characters.

        Raises:
            Conflict: another person drives.
        """
        return self._portal.call(self._inner.set_control(action, holder=holder, note=note))

    def take_control(
        self,
        holder: str | None = None,
        *,
        note: str | None = None,
    ) -> Control:
        """A person drives. Over REST it is to be repeated within 30 s, else control goes back to the agent."""
        return self._portal.call(self._inner.take_control(holder, note=note))

    def return_control(
        self,
        holder: str | None = None,
        *,
        note: str | None = None,
    ) -> Control:
        """Back to the agent. With a `holder` only if that is who drives."""
        return self._portal.call(self._inner.return_control(holder, note=note))

    def give_control(
        self,
        holder: str,
        *,
        note: str | None = None,
    ) -> Control:
        """To `holder`, who has 30 s to show up by `take_control`."""
        return self._portal.call(self._inner.give_control(holder, note=note))

    def request_control(
        self,
        holder: str | None = None,
        *,
        note: str | None = None,
    ) -> Control:
        """Asks who drives for control; shown as `requested_by`."""
        return self._portal.call(self._inner.request_control(holder, note=note))

    def pause(
        self,
        *,
        note: str | None = None,
    ) -> Control:
        """Nobody drives until `resume`, or until a person takes control."""
        return self._portal.call(self._inner.pause(note=note))

    def resume(
        self,
        *,
        note: str | None = None,
    ) -> Control:
        """The agent drives again."""
        return self._portal.call(self._inner.resume(note=note))


class SessionApi(CommandsApi, ControlApi):
    _portal: Portal
    _inner: asynchronous_session.Session

    def stage_upload(
        self,
        name: str,
        content: Content,
    ) -> FileInfo:
        """Stages a file, which `upload` then gives to a page. One of the same name is replaced.

        Raises:
            PayloadTooLarge: it is over the limit for files.
            OSError: the local file cannot be read.
        """
        return self._portal.call(self._inner.stage_upload(name, content))

    def stage_uploads(
        self,
        files: Mapping[str, bytes],
    ) -> list[FileInfo]:
        """Stages several files with one request, by their names."""
        return self._portal.call(self._inner.stage_uploads(files))

    def list_uploads(self) -> list[FileInfo]:
        """What is staged."""
        return self._portal.call(self._inner.list_uploads())

    def unstage_upload(
        self,
        name: str,
    ) -> None:
        """Takes a staged file away."""
        self._portal.call(self._inner.unstage_upload(name))

    def list_downloads(self) -> list[FileInfo]:
        """What the browser has downloaded, or is downloading."""
        return self._portal.call(self._inner.list_downloads())

    def get_download(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
    ) -> bytes:
        """The bytes of a download, from `start` up to and without `end`.

        Raises:
            Conflict: it has not ended yet.
            NotFound: there is none of this name.
        """
        return self._portal.call(self._inner.get_download(name, start=start, end=end))

    def save_download(
        self,
        name: str,
        to: str | os.PathLike[str],
    ) -> int:
        """Writes a download to a local file and says how many bytes it has. A file is there whole or not at all."""
        return self._portal.call(self._inner.save_download(name, to))

    def delete_download(
        self,
        name: str,
    ) -> None:
        """Removes a download from the worker's disk."""
        self._portal.call(self._inner.delete_download(name))

    def get_recording(self) -> bytes:
        """The film of a session made with `recording=True`, as Matroska: what there is so far, at most ten seconds old;
        the whole of it once the session has ended, for 24 hours.

        Raises:
            NotFound: nothing was recorded.
        """
        return self._portal.call(self._inner.get_recording())

    def save_recording(
        self,
        to: str | os.PathLike[str],
    ) -> int:
        """Writes the film to a local file, as `save_download` does, and says how many bytes it has."""
        return self._portal.call(self._inner.save_recording(to))

    def refresh(self) -> SessionInfo:
        """Asks the server how the session is.

        Raises:
            Gone: it ended some time ago.
        """
        return self._portal.call(self._inner.refresh())

    def update(
        self,
        **changes: Unpack[PatchSession],
    ) -> SessionInfo:
        """Changes `name`, `labels` (as a whole), `idle_timeout_s` or `max_lifetime_s`, both in seconds."""
        return self._portal.call(self._inner.update(**changes))

    def end(self) -> SessionInfo:
        """Ends the session. Doing it again changes nothing."""
        return self._portal.call(self._inner.end())

    def wait_ready(
        self,
        *,
        timeout_s: float | None = None,
    ) -> SessionInfo:
        """Waits until a session that was created with `respond_async` is ready.

        Raises:
            Gone: it has ended instead; `end_reason` says why.
            Timeout: it is not ready after `timeout_s` seconds; two minutes more than it may be queued, if absent.
        """
        return self._portal.call(self._inner.wait_ready(timeout_s=timeout_s))

    def hand_over(
        self,
        note: str | None = None,
        *,
        timeout_s: float = 600.0,
    ) -> Control:
        """Pauses the agent until a person has taken control and given it back, or somebody resumes.

        The time in which nobody does anything counts as idle: `idle_timeout_s` of the session should be longer.

        Args:
            note: what the person is to do.
            timeout_s: how long to wait, in seconds.

        Raises:
            Timeout: nobody has given control back. If nobody has it, the agent drives again.
            Gone: the session has ended meanwhile.
        """
        return self._portal.call(self._inner.hand_over(note, timeout_s=timeout_s))

    def events(
        self,
        *,
        after: str | int | None = None,
    ) -> Iterator[Event]:
        """Events in order, those the log has first, until the session has ended. Lost connections are made again
        without a gap.

        Args:
            after: the `seq` of an event: only what came later.

        Raises:
            InvalidArgument: there was never such an event.
            ConnectionFailed: the server could not be reached again and again.
        """
        return self._portal.iterate(self._inner.events(after=after))

    def frames(
        self,
        *,
        max_fps: int | None = None,
        quality: int | None = None,
        max_width: int | None = None,
        max_height: int | None = None,
        tab: int | None = None,
    ) -> Iterator[Frame]:
        """Pictures of the page until the session has ended, always the latest; a page at rest gives one and then none.
        Lost connections are made again.

        Args:
            max_fps: 1 to 60; 30 if absent.
            quality: of the JPEG, 1 to 100; 80 if absent.
            max_width: in pixels.
            max_height: in pixels.
            tab: absent: the active one, whichever that is.

        Raises:
            ConnectionFailed: the server could not be reached again and again.
        """
        return self._portal.iterate(
            self._inner.frames(
                max_fps=max_fps,
                quality=quality,
                max_width=max_width,
                max_height=max_height,
                tab=tab,
            )
        )

    def stream(self) -> StreamUrls:
        """Where the session can be watched."""
        return self._portal.call(self._inner.stream())


class SocketApi(CommandsApi, ControlApi):
    _portal: Portal
    _inner: asynchronous_socket.Socket

    def close(self) -> None:
        """Closes the connection. The session lives on, unless it was created with `on_disconnect="close"`."""
        self._portal.call(self._inner.close())

    def input(
        self,
        inputs: Iterable[InputEvent],
        *,
        epoch: int,
        tab: int | None = None,
    ) -> None:
        """Sends a person's input; nothing is answered. Dropped unless `epoch` is that of the control.

        Args:
            inputs: at most 256, in order.
            epoch: of the `Control` that made the person the holder.
            tab: absent: the active one.
        """
        self._portal.call(self._inner.input(inputs, epoch=epoch, tab=tab))

    def ping(self) -> None:
        """Asks the server for a sign of life and waits for it."""
        self._portal.call(self._inner.ping())

    def events(self) -> Iterator[Event]:
        """Events as they come, until the session has ended. For sockets opened with `events=True`.

        Raises:
            ConnectionFailed: the connection broke before.
        """
        return self._portal.iterate(self._inner.events())

    def frames(
        self,
        *,
        max_fps: int | None = None,
        quality: int | None = None,
        max_width: int | None = None,
        max_height: int | None = None,
        tab: int | None = None,
    ) -> Iterator[Frame]:
        """Pictures of the page, always the latest: those that came while the last one was looked at are left out.

        Args:
            max_fps: 1 to 60; 30 if absent.
            quality: of the JPEG, 1 to 100; 80 if absent.
            max_width: in pixels.
            max_height: in pixels.
            tab: absent: the active one, whichever that is.
        """
        return self._portal.iterate(
            self._inner.frames(
                max_fps=max_fps,
                quality=quality,
                max_width=max_width,
                max_height=max_height,
                tab=tab,
            )
        )


class RookeryApi:
    _portal: Portal
    _inner: asynchronous.Rookery

    def close(self) -> None:
        """Closes the connections. Sessions live on."""
        self._portal.call(self._inner.close())

    def get_session(
        self,
        id: str,
    ) -> SessionInfo:
        """What the server says of a session. One that has ended is shown for 15 minutes."""
        return self._portal.call(self._inner.get_session(id))

    def list_sessions(
        self,
        *,
        state: State | None = None,
        labels: Mapping[str, str | None] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SessionList:
        """One page of the sessions, newest first.

        Args:
            state: only those in this state.
            labels: only those that have all of these; `None` stands for any value.
            limit: how many, 1 to 1 000; 100 if absent.
            cursor: `next_cursor` of the page before.
        """
        return self._portal.call(
            self._inner.list_sessions(
                state=state,
                labels=labels,
                limit=limit,
                cursor=cursor,
            )
        )

    def sessions(
        self,
        *,
        state: State | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> Iterator[SessionInfo]:
        """All sessions, newest first, page by page."""
        return self._portal.iterate(self._inner.sessions(state=state, labels=labels))

    def events(
        self,
        *,
        after: str | None = None,
    ) -> Iterator[Event]:
        """Events of all of the tenant's sessions, without end, from now on. Lost connections are made again without a
        gap.

        Args:
            after: the `seq` of an event of this kind: from there on.
        """
        return self._portal.iterate(self._inner.events(after=after))

    def workers(self) -> WorkerList:
        """What the workers say of themselves."""
        return self._portal.call(self._inner.workers())

    def drain(
        self,
        worker: str,
        *,
        grace_s: int | None = None,
    ) -> Worker:
        """Lets a worker take no new sessions and end. For operators.

        Args:
            worker: its id.
            grace_s: how long its sessions may go on, 0 to 86 400 seconds; 300 if absent.
        """
        return self._portal.call(self._inner.drain(worker, grace_s=grace_s))

    def queue(self) -> QueueReport:
        """What waits for a slot."""
        return self._portal.call(self._inner.queue())

    def pressure(self) -> Pressure:
        """How full the fleet is; `available` says whether a session would start at once."""
        return self._portal.call(self._inner.pressure())

    def health(self) -> Health:
        """That the edge lives."""
        return self._portal.call(self._inner.health())

    def ready(self) -> Health:
        """That the bus is reachable and a live worker known.

        Raises:
            Unavailable: it is not so.
        """
        return self._portal.call(self._inner.ready())

    def metrics(self) -> str:
        """The metrics, in the text form of Prometheus."""
        return self._portal.call(self._inner.metrics())

    def openapi(self) -> dict[str, Any]:
        """The API's description, as this server has it."""
        return self._portal.call(self._inner.openapi())
