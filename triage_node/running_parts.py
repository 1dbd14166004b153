"""Threads of which there is one for each system that the settings name, for as long as they name it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar, overload


class Part(Protocol):
    """What runs for one system."""

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""

    def start(self) -> None:
        """Start it."""

    def end(self) -> None:
        """Have it end after what is under way, and begin nothing more."""


Named = TypeVar("Named", bound=Hashable)
SomePart = TypeVar("SomePart", bound=Part)


class RunningParts(Sequence[SomePart], Generic[Named, SomePart]):
    """The parts, in the order of the settings; one whose system is named as before runs on undisturbed.

    Parameters
    ----------
    make
        Makes the part of a system, which starts nothing; raises `SettingsError` when a file that it needs cannot be
        used.
    named
        The systems to begin with.

    Raises
    ------
    SettingsError
        As `make`.
    """

    def __init__(self, make: Callable[[Named], SomePart], named: Iterable[Named]) -> None:
        self._make = make
        self._parts = {one: make(one) for one in named}
        self._ending: tuple[SomePart, ...] = ()

    @property
    def with_ending(self) -> tuple[SomePart, ...]:
        """Every part that still has something in hand, also of systems that are named no more."""
        self._ending = tuple(part for part in self._ending if part.is_alive)
        return (*self, *self._ending)

    def prepare(self, named: Iterable[Named]) -> Callable[[], None]:
        """Make what is missing; call what is returned to start that, and to end what is named no more.

        Raises
        ------
        SettingsError
            As `make`; nothing has changed.
        """
        wanted = list(named)
        made = {one: self._make(one) for one in wanted if one not in self._parts}

        def use() -> None:
            gone, every = [part for one, part in self._parts.items() if one not in wanted], self._parts | made
            self._parts = {one: every[one] for one in wanted}
            self._ending = (*self._ending, *gone)
            for part in gone:
                part.end()
            for part in made.values():
                part.start()

        return use

    @overload
    def __getitem__(self, index: int) -> SomePart: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[SomePart]: ...

    def __getitem__(self, index: int | slice) -> SomePart | Sequence[SomePart]:
        return tuple(self._parts.values())[index]

    def __len__(self) -> int:
        return len(self._parts)
