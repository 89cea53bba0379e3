"""Tags of tokens, read as spans: BIO, BIOES and IO.

A tag is ``O``, or a letter, a hyphen and a class: ``B-PS``. B begins a span, I goes on in it, E ends it, S is
one alone (Ramshaw and Marcus 1995; BIOES as in CoNLL systems). In IO, I alone stands for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Letters of each scheme, beside O.
SCHEMES = {"BIO": "BI", "BIOES": "BIES", "IO": "I"}
#: How the tags of a span follow their scheme: all do; it does not begin as it should; it does not end so;
#: there are not as many tags as tokens.
OK, NO_BEGIN, NO_END, UNEQUAL = "ok", "no-begin", "no-end", "unequal-lengths"

#: The index of its first tag, its first character and the one past its last, its class, how its tags follow.
Span = tuple[int, int | None, int | None, str, str]


def spans(tags: Any, tokens: Any, scheme: str, joined: str) -> Iterator[Span]:
    """The spans that ``tags`` mark in the text of the ``tokens``, in code points; ``joined`` stands between
    tokens in it.

    Never raises. What is no tag of the scheme marks nothing. A tag that goes on in a span that is not there
    begins one. Where a span stands is None if that cannot be told, because there is not a text for each tag.
    """
    if type(tags) is not list:
        return
    starts, stops = _places(tokens, joined)
    equal = len(starts) == len(tags)
    letters = SCHEMES[scheme]
    first, class_, fault = -1, "", OK

    def made(last: int, fault: str) -> Span:
        if not equal:
            return first, None, None, class_, UNEQUAL
        return first, starts[first], stops[last], class_, fault

    for at, tag in enumerate(tags):
        letter, found = _parts(tag, letters)
        goes_on = letter in ("I", "E") and first >= 0 and found == class_
        if first >= 0 and not goes_on:
            # An end is asked for where the scheme has a sign for it.
            yield made(at - 1, NO_END if fault == OK and "E" in letters else fault)
            first = -1
        if not letter:
            continue
        if not goes_on:
            first, class_ = at, found
            fault = NO_BEGIN if letter in ("I", "E") and "B" in letters else OK
        if letter in ("E", "S"):
            yield made(at, fault)
            first = -1
    if first >= 0:
        yield made(len(tags) - 1, NO_END if fault == OK and "E" in letters else fault)


def _parts(tag: Any, letters: str) -> tuple[str, str]:
    """Letter and class of a tag; no letter for O and for what is no tag of the scheme."""
    if type(tag) is not str or tag[1:2] != "-" or len(tag) < 3 or tag[0] not in letters:
        return "", ""
    return tag[0], tag[2:]


def _places(tokens: Any, joined: str) -> tuple[list[int | None], list[int | None]]:
    """Where each token starts and stops in their text; None from the first one on that is no text."""
    starts: list[int | None] = []
    stops: list[int | None] = []
    at: int | None = 0
    for token in tokens if type(tokens) is list else ():
        stop = at + len(token) if at is not None and type(token) is str else None
        starts.append(at)
        stops.append(stop)
        at = None if stop is None else stop + len(joined)
    return starts, stops
