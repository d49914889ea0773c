"""What is made when something first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, overload

T = TypeVar("T")


class Later(Mapping[str, T]):
    """Values by name, each made when it is first asked for; asking whether there is one makes none.

    Parameters
    ----------
    names
        Gives the names there are.
    make
        Makes the value of a name.

    Examples
    --------
    >>> squares = Later(lambda: ["two", "three"], lambda name: {"two": 4, "three": 9}[name])
    >>> "two" in squares, squares["three"], squares.made()
    (True, 9, {'three': 9})
    """

    def __init__(self, names: Callable[[], Iterable[str]], make: Callable[[str], T]) -> None:
        self._names, self._make, self._made = names, make, dict[str, T]()

    def __getitem__(self, name: str) -> T:
        if name not in self:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def made(self) -> dict[str, T]:
        """Those that something asked for, in the order of the names."""
        return {name: self._made[name] for name in self if name in self._made}

    @cached_property
    def _known(self) -> dict[str, None]:
        return dict.fromkeys(self._names())


class LaterList(Sequence[T]):
    """A list that is made when something first asks for it.

    Examples
    --------
    >>> notes = LaterList(lambda: ["a", "b"])
    >>> notes[0], len(notes), list(notes)
    ('a', 2, ['a', 'b'])
    """

    def __init__(self, make: Callable[[], Sequence[T]]) -> None:
        self._make = make

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> Sequence[T]:
        return self._make()
