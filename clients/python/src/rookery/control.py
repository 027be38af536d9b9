"""Who drives a session: the agent, a person, or nobody."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .models import Control, ControlAction


class ControlMethods(ABC):
    """Taking control and giving it back. Exactly one holder drives a session."""

    @abstractmethod
    async def set_control(
        self, action: ControlAction, *, holder: str | None = None, note: str | None = None
    ) -> Control:
        """Changes who drives.

        Args:
            action: what is to happen.
            holder: the person, as shown to others; of `give`, who gets it.
            note: to whoever comes next; at most 1 000 characters.

        Raises:
            Conflict: another person drives.
        """

    async def take_control(self, holder: str | None = None, *, note: str | None = None) -> Control:
        """A person drives. Over REST it is to be repeated within 30 s, else control goes back to the agent."""
        return await self.set_control("take_control", holder=holder, note=note)

    async def return_control(self, holder: str | None = None, *, note: str | None = None) -> Control:
        """Back to the agent. With a `holder` only if that is who drives."""
        return await self.set_control("return_control", holder=holder, note=note)

    async def give_control(self, holder: str, *, note: str | None = None) -> Control:
        """To `holder`, who has 30 s to show up by `take_control`."""
        return await self.set_control("give", holder=holder, note=note)

    async def request_control(self, holder: str | None = None, *, note: str | None = None) -> Control:
        """Asks who drives for control; shown as `requested_by`."""
        return await self.set_control("request", holder=holder, note=note)

    async def pause(self, *, note: str | None = None) -> Control:
        """Nobody drives until `resume`, or until a person takes control."""
        return await self.set_control("pause", note=note)

    async def resume(self, *, note: str | None = None) -> Control:
        """The agent drives again."""
        return await self.set_control("resume", note=note)
