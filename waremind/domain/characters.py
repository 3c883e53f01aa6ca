r"""Characters that steer a terminal or that nobody sees, and how they are shown instead.

Controls turn a terminal's screen, colours and title; bidi controls turn the direction of writing
(UTR 36); invisible ones make two names look alike (Default_Ignorable_Code_Point in Unicode 16's
DerivedCoreProperties.txt, with the annotation marks and the tags).
"""

import re

# The insides of a character class of `re`.
CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
SURROGATES = "\ud800-\udfff"  # bytes that were not UTF-8
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

# What joiners and variation selectors belong to, roughly Unicode's Extended_Pictographic.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINER = "\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_EMOJI_GLUE = (
    f"(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}][{_SELECTORS}])){_JOINER}(?=[{_EMOJI}])"
    f"|(?<=[{_EMOJI}])[{_SELECTORS}]"
    "|(?<=[0-9#*])\ufe0f(?=\u20e3)"  # a keycap
)
# Compiled when it is first used: `--json` in a pipe has no need of it.
_HIDDEN = f"(?!{_EMOJI_GLUE})[{CONTROLS}{SURROGATES}{BIDI_CONTROLS}{INVISIBLE}]"


def escaped(text: str) -> str:
    r"""Return `text` with each control and each invisible character as its escape: `\x1b`.

    A joiner or a variation selector inside an emoji stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_HIDDEN, lambda found: found[0].encode("unicode_escape").decode(), text)


def without_hidden(text: str) -> str:
    """Return `text` without what `escaped` would show as an escape."""
    if text.isascii() and text.isprintable():
        return text
    # What is left can lose its emoji: a joiner after a selector that goes.
    while (shorter := re.sub(_HIDDEN, "", text)) != text:
        text = shorter
    return text


def escaped_json(text: str) -> str:
    r"""Do the same in JSON, keeping its line breaks and its meaning: `\u009b`."""
    return re.sub(_HIDDEN, lambda found: found[0] if found[0] == "\n" else _utf16(found[0]), text)


def _utf16(character: str) -> str:
    r"""Write a character as JSON does: beyond U+FFFF as a surrogate pair."""
    code = character.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{code[place : place + 4]}" for place in range(0, len(code), 4))
