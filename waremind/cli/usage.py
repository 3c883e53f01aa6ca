"""What is wrong with a command line, in our words: Typer's speak of its own types."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from typer import TyperException

from waremind.errors import ErrorCode, WaremindError

Words = tuple[str, str]  # what is wrong, the cure

_VALUE = re.compile(r"('.*'|\".*\"|-?\d+) (is not a valid int|is not in the range|is not one of)")
_REASONS = {
    "is not a valid int": "it is not a whole number",
    "is not in the range": "it is out of range",
    "is not one of": "there is no such choice",
}


def usage(error: TyperException) -> WaremindError:
    """Say a failure of Typer's parser as one of ours: `usage`, with the part that is wrong."""
    sentence = error.format_message().rstrip(".")
    say = _WORDS.get(type(error).__name__, _anything_else)
    message, hint = say(error, f"{sentence[:1].lower()}{sentence[1:]}")
    return WaremindError(ErrorCode.USAGE, message, hint=hint)


def _unread(reason: str) -> str:
    return f"cannot read the command line: {reason}"


def _help(error: Any) -> str:
    return f"{error.ctx.command_path if error.ctx else 'waremind'} --help"


def _anything_else(error: Any, sentence: str) -> Words:
    for pattern, say in _SENTENCES.items():
        if found := re.fullmatch(pattern, sentence):
            return say(error, *found.groups())
    return _unread(sentence), _help(error)


def _no_command(error: Any, given: str) -> Words:
    hint = _did_you_mean(given, error.ctx.command.commands)
    return _unread(f"there is no command {given!r}"), f"{hint}{_help(error)} lists all"


def _no_option(error: Any, _sentence: str) -> Words:
    hint = _did_you_mean(error.option_name, error.possibilities or ())
    return _unread(f"there is no option {error.option_name}"), f"{hint}{_help(error)} lists all"


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(given, list(known), n=1, cutoff=0.7)
    return f"did you mean {nearest[0]}? " if nearest else ""


def _missing_command(error: Any) -> Words:
    return _unread("the command is missing"), f"{_help(error)} lists all"


def _one_too_many(error: Any, words: str) -> Words:
    return _unread(f"too many words: {words}"), f"quote what has spaces; {_help(error)}"


def _missing(error: Any, _sentence: str) -> Words:
    name, written = _name(error), _written(error)
    return _unread(f"{name} is missing"), f"add {written}; {_help(error)} explains it"


def _no_value(error: Any, _name: str) -> Words:
    return _unread(f"{error.option_name} needs a value"), _help(error)


def _value_for_none(error: Any, _name: str) -> Words:
    return _unread(f"{error.option_name} takes no value"), _help(error)


def _bad_value(error: Any, sentence: str) -> Words:
    """Say why a value cannot be used; what may be given stands in the parameter's type."""
    if error.param is None:
        return _unread(sentence), _help(error)
    reason = error.message.rstrip(".")
    found = _VALUE.match(reason)
    if found is None:
        return f"cannot use {_name(error)}: {reason[:1].lower()}{reason[1:]}", _help(error)
    value, why = found.groups()
    return f"cannot use {_name(error)} {value}: {_REASONS[why]}", _fitting(error, value)


def _fitting(error: Any, value: str) -> str:
    kind = error.param.type
    choices = getattr(kind, "choices", None)
    if choices is None:
        return f"give a whole number, {kind.min} or more"
    near = _did_you_mean(value[1:-1], choices)
    return f"{near}one of {', '.join(choices)}"


def _name(error: Any) -> str:
    """Name an option by its longest spelling, an argument as the help does."""
    parameter = error.param
    return max(parameter.opts, key=len) if _is_option(parameter) else parameter.human_readable_name


def _written(error: Any) -> str:
    """Write a parameter as it has to be typed."""
    parameter = error.param
    value = parameter.make_metavar(error.ctx).strip("<>{}[]")
    return f"{_name(error)} {value}" if _is_option(parameter) else value


def _is_option(parameter: Any) -> bool:
    return parameter.param_type_name == "option"


_WORDS: dict[str, Callable[[Any, str], Words]] = {
    "NoSuchOption": _no_option,
    "MissingParameter": _missing,
    "BadParameter": _bad_value,
}
# Typer has one class for these; only their sentences tell them apart.
_SENTENCES: dict[str, Callable[..., Words]] = {
    r"no such command '(.*?)'(?:\..*)?": _no_command,
    r"missing command": _missing_command,
    r"got unexpected extra argument\(?s?\)? \((.*)\)": _one_too_many,
    r"option '(.*)' requires .*": _no_value,
    r"option '(.*)' does not take a value": _value_for_none,
}
