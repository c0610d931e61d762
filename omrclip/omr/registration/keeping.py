"""What is made of an object, kept for as long as the object lives, and no longer."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Made = TypeVar("Made")
P = ParamSpec("P")


def kept_with_owner(make: Callable[Concatenate[Owner, P], Made]) -> Callable[Concatenate[Owner, P], Made]:
    """Decorate a function so that it makes its result once for an object and further arguments, which are hashable.

    The object is told by its identity, and must not be reachable from what is made of it. Two threads may make the
    same at a time.
    """
    made: WeakKeyDictionary[Owner, dict[object, Made]] = WeakKeyDictionary()

    @wraps(make)
    def kept(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> Made:
        key = (args, *kwargs.items())
        of_owner = made.setdefault(owner, {})
        if key not in of_owner:
            of_owner[key] = make(owner, *args, **kwargs)
        return of_owner[key]

    return kept
