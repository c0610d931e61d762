"""Results that are computed from an object, cached for as long as the object lives."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Made = TypeVar("Made")
P = ParamSpec("P")


def kept_with_owner(make: Callable[Concatenate[Owner, P], Made]) -> Callable[Concatenate[Owner, P], Made]:
    """Decorate a function so that its result is computed once for an object and hashable further arguments.

    Objects are distinguished by identity. The result must not refer to the object, or neither would be freed. Two
    threads may compute the same result at the same time.
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
