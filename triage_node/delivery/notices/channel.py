"""What each kind of notice destination can do."""

from typing import Protocol

from triage_node.delivery.notices.notice import Notice


class Channel(Protocol):
    """The way of one kind to one destination; used by one thread at a time."""

    def tell(self, notice: Notice) -> str:
        """Tell of a result; return what is to be said of it, without patient data.

        Raises
        ------
        PeerUnreachable, PeerCongested, PeerDenied
            Nothing can be told there now.
        PeerBusy
            This notice is not taken now.
        PeerRefused
            It never will be.
        """

    def check(self) -> str:
        """Try the way there without telling anything; return what it does, as in "answers EHLO in 3 ms".

        Raises
        ------
        PeerError
            Nothing can be told there.
        SettingsError
            A file that is needed cannot be used.
        """

    def rest(self) -> None:
        """Let go of connections: there is nothing to tell for the moment."""
