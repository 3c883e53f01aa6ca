"""What every request is: a method with typed parameters and a typed result."""

from typing import Any, ClassVar, Generic, Literal, TypeGuard, TypeVar, get_args

from msgspec import UNSET, Struct, UnsetType

R_co = TypeVar("R_co", covariant=True)

# What somebody must be allowed to do to ask for something.
Access = Literal["read", "operate"]


def allows(held: Access, needed: Access) -> bool:
    """Tell whether who holds one may do what needs the other: who may operate may look."""
    return held in {needed, "operate"}


class Request(Struct, Generic[R_co], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a client asks; `R_co` is the type of its result."""

    method: ClassVar[str]
    access: ClassVar[Access] = "read"


class Mutation(Request[R_co], Generic[R_co], frozen=True, kw_only=True):
    """A request that changes something, or with `check` only says what it would change."""

    access: ClassVar[Access] = "operate"
    check: bool = False


class Changed(Struct, frozen=True, kw_only=True):
    """The result of a mutation: whether anything changed (or would, when `check` is there)."""

    changed: bool
    check: bool | UnsetType = UNSET


def result_type(request: type[Request[R_co]]) -> Any:
    """Say which type a request's result has."""
    for kind in request.__mro__:
        for base in vars(kind).get("__orig_bases__", ()):
            if (args := get_args(base)) and not isinstance(args[0], TypeVar):
                return args[0]
    raise TypeError(f"{request.__name__} names no result")


def is_method(name: object) -> TypeGuard[type[Request[Any]]]:
    """Tell whether `name` is a request class that can be called."""
    return isinstance(name, type) and issubclass(name, Request) and "method" in name.__dict__


def checked(request: Mutation[Any]) -> bool | UnsetType:
    """Say in a result that nothing was done, if so it was asked."""
    return True if request.check else UNSET
