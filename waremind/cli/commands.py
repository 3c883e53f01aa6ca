"""The verbs of a noun as Typer commands; each is made when it is looked up, since most are not."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from waremind.cli.invocation import Invocation
from waremind.errors import ErrorCode

F = TypeVar("F", bound=Callable[..., None])
KEYWORD_ONLY, VAR_KEYWORD = Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD

# Compiled when it is first used: few commands have quiet hours.
HOURS = r"[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}"
HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def _keep(context: Invocation, option: TyperOption, value: Any) -> Any:
    # A later place that says nothing does not take back what an earlier one said.
    if value and option.name:
        setattr(context.obj, option.name, value)
    return value


def _shared(name: str, text: str, **settings: Any) -> TyperOption:
    return TyperOption(
        param_decls=[name], help=text, callback=_keep, expose_value=False, **settings
    )


_SHARED = [
    _shared("--json", "Print JSON only.", is_flag=True, default=False),
    _shared("--quiet", "Print data and errors only.", is_flag=True, default=False),
    _shared("--debug", "Show tracebacks.", is_flag=True, default=False),
    _shared("--socket", "Socket of the daemon [env: WAREMIND_SOCKET].", metavar="PATH"),
]


def _show_help(context: Invocation, _option: TyperOption, asked: bool) -> None:  # noqa: FBT001 - Typer's
    if asked and not context.resilient_parsing:
        context.output.help(context.get_help(), asked=True)
        context.exit()


# Typer's own writes past `Output`, and so fails with a traceback where nothing can be written.
_HELP = TyperOption(
    param_decls=["-h", "--help"],
    is_flag=True,
    default=False,
    is_eager=True,
    expose_value=False,
    callback=_show_help,
    help="Show this message and exit.",
)


def _with_shared(params: list[Any]) -> list[Any]:
    return [*params[:-1], *_SHARED, *params[-1:]]


@contextmanager
def _blamed(context: Invocation) -> Generator[None]:
    """Say which command a wrong line was for; Typer does not, where an option's value is."""
    try:
        yield
    except typer.TyperException as error:
        failure: Any = error
        failure.ctx = getattr(error, "ctx", None) or context
        raise


def _with_quiet_hours(arguments: list[str]) -> Iterator[str]:
    """Take `--quiet 22:00-07:00` for quiet hours, where there are any: hours are no argument."""
    following = [*arguments[1:], ""]
    for argument, after in zip(arguments, following, strict=True):
        says_hours = argument == "--quiet" and re.fullmatch(HOURS, after)
        written = re.sub(rf"^--quiet=(?={HOURS}$)", "--quiet-hours=", argument)
        yield "--quiet-hours" if says_hours else written


class Command(TyperCommand):
    """A command that takes the shared options."""

    context_class = Invocation

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        if any("--quiet-hours" in param.opts for param in self.params):
            args = list(_with_quiet_hours(args))
        with _blamed(ctx):
            return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """List its own options, the shared ones, and --help."""
        return _with_shared(super().get_params(ctx))

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ARG002 - the name is Typer's
        """Give the option --help."""
        return _HELP

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write what is required without the braces that Typer puts around it."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Group(TyperGroup):
    """A noun: its commands, and the shared options before them."""

    context_class = Invocation

    def get_params(self, ctx: Any) -> list[Any]:
        """List its own options, the shared ones, and --help."""
        return _with_shared(super().get_params(ctx))

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ARG002 - the name is Typer's
        """Give the option --help."""
        return _HELP

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; none at all is a question for help."""
        if args or ctx.resilient_parsing or ctx.obj.json:  # resilient: a shell completes
            with _blamed(ctx):
                return super().parse_args(ctx, args)
        ctx.output.help(ctx.get_help(), asked=False)
        raise typer.Exit(ErrorCode.USAGE.exit_code)


class Commands(Mapping[str, Any]):
    """The commands of one module by name: the verbs of a noun, or verbs that stand alone."""

    def __init__(self, name: str = "", text: str = "") -> None:
        self._name = name
        self._text = text
        self._verbs: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {}

    def verb(self, name: str = "", **settings: Any) -> Callable[[F], F]:
        """Decorate a function to be a verb, called like it or `name`."""

        def keep(function: F) -> F:
            self._verbs[name or function.__name__] = (function, settings)
            return function

        return keep

    def __getitem__(self, name: str) -> Any:
        function, settings = self._verbs[name]
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=Command, context_settings=HELP, **settings)(function)
        return get_command(app)

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)

    def group(self) -> Group:
        """Make the command that leads to the verbs."""
        return group(self._name, self._text, self)


def expanded(options: type, *, ahead_of: str, **defaults: object) -> Callable[[F], F]:
    """Decorate a command whose `**` stands for `options`, a TypedDict: Typer sees each of them.

    They come ahead of the parameter of that name, and are None where no default is given.
    """

    def expand(function: F) -> F:
        own = [each for each in signature(function).parameters.values() if each.kind != VAR_KEYWORD]
        shared = [
            Parameter(name, KEYWORD_ONLY, default=defaults.get(name), annotation=kind)
            for name, kind in get_type_hints(options, include_extras=True).items()
        ]
        at = [each.name for each in own].index(ahead_of)
        seen: Any = function
        seen.__signature__ = Signature([*own[:at], *shared, *own[at:]])
        seen.__annotations__ = {each.name: each.annotation for each in own + shared}
        return function

    return expand


def group(name: str, text: str, commands: Mapping[str, Any], **settings: Any) -> Group:
    """Make a command that leads to others."""
    found: Any = commands
    return Group(
        name=name,
        commands=found,
        help=text,
        **settings,
        context_settings=HELP,
        rich_markup_mode=None,
    )
