"""What is said to people, in the language that they read.

All words live in ``reports/words/*.toml``, Korean and English side by side under one key, with
the same placeholders. A placeholder is ``{name}``, ``{name:,}``, ``{name:.1f}``, ``{name:.1%}``,
``{name:이/가}`` (the value and the particle that follows it) or ``{name:file|files}`` (a word without
the value, the first if that is 1: ``{n:,} {n:file is|files are} read``); ``{{`` and ``}}`` are braces.
Nothing else is understood: this is no expression language, and a template that comes with
a user's own check can reach nothing but its values.
"""

from __future__ import annotations

import ctypes
import math
import os
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from qc import content
from qc.errors import QcError, Said

Language = Literal["ko", "en"]

LANGUAGES: tuple[Language, ...] = ("ko", "en")

#: Particle -> (after a final consonant, after a vowel, when it cannot be told).
PARTICLES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "이/가": ("이", "가", "이(가)"),
        "을/를": ("을", "를", "을(를)"),
        "은/는": ("은", "는", "은(는)"),
        "과/와": ("과", "와", "과(와)"),
        "(으)로": ("으로", "로", "(으)로"),
    }
)

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)(?::([^{}]+))?\}")
_ONE_OR_MANY = re.compile(r"[^{}|]+\|[^{}|]+")
_NUMBER = re.compile(r",|,?\.\d[f%]")


# --- placeholders ---------------------------------------------------------------------------


def placeholders(template: str) -> frozenset[str]:
    """Names that ``template`` asks for."""
    return frozenset(m[1] for m in _PLACEHOLDER.finditer(template) if m[1])


def faults(template: str) -> list[str]:
    """Pieces of ``template`` that are neither text nor a known placeholder; empty if it is well formed."""
    wrong = [m[0] for m in _PLACEHOLDER.finditer(template) if m[2] and not _known(m[2])]
    rest = _PLACEHOLDER.sub("", template)
    return wrong + [rest[m.start() : m.start() + 20] for m in re.finditer(r"[{}]", rest)]


def _known(spec: str) -> bool:
    return spec in PARTICLES or any(form.fullmatch(spec) for form in (_NUMBER, _ONE_OR_MANY))


def format(template: str, values: Mapping[str, Any]) -> str:  # noqa: A001 - words.format reads well
    """``template`` with its placeholders filled.

    Never raises: a value that is missing leaves its placeholder as it stands, one that is not
    a number is shown as text. Control signs in values (a file name may hold any) are escaped.
    """

    def fill(match: re.Match[str]) -> str:
        name, spec = match[1], match[2]
        if name is None:
            return match[0][0]
        if name not in values:
            return match[0]
        value = values[name]
        if spec is None:
            return shown(value)
        if spec in PARTICLES:
            text = shown(value)
            return text + particle(text, spec)
        if _ONE_OR_MANY.fullmatch(spec):
            one, _, many = spec.partition("|")
            return one if value == 1 else many
        return _number(value, spec) if _NUMBER.fullmatch(spec) else shown(value)

    return _PLACEHOLDER.sub(fill, template)


def shown(value: Any) -> str:
    """A value as plain text: short floats, lists by comma, no control or direction signs."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = sorted(map(shown, value)) if isinstance(value, (set, frozenset)) else map(shown, value)
        return ", ".join(parts)
    text = unicodedata.normalize("NFC", str(value))
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    # Besides controls: lone surrogates (file names) and the signs that turn the direction of a line.
    if char.isprintable() or char == "\u3000":
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"


#: From here on a number is shown as 1e+15: hundreds of digits tell nobody anything.
_LONGEST = 1e15


def _number(value: Any, spec: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return shown(value)
    if isinstance(value, int) and abs(value) > 1 << 53:
        # No float holds it; the digits do.
        return f"{value:,}" if spec[0] == "," else shown(value)
    if not math.isfinite(value):
        return str(value)
    if spec == ",":
        return f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{value:,.0f}"
    if spec.endswith("%"):
        return percent(value, int(spec[-2]))
    return f"{value:g}" if abs(value) >= _LONGEST else f"{value:{spec}}"


def percent(share: float, digits: int = 1) -> str:
    """``0.9996`` as ``99.96%``: nothing is rounded *to* 0 or 100, digits are added instead."""
    for more in range(digits, 8):
        text = f"{share:.{more}%}"
        if 0 < share < 1 and float(text[:-1]) in (0.0, 100.0):
            continue
        return text
    return "<0.0000001%" if share < 0.5 else ">99.9999999%"


# --- particles ------------------------------------------------------------------------------

_CLOSING = "\"'`”’」』》〉]}>"
_SOUND_OF_DIGIT = {
    "0": "ㅇ",
    "1": "ㄹ",
    "2": "",
    "3": "ㅁ",
    "4": "",
    "5": "",
    "6": "ㄱ",
    "7": "ㄹ",
    "8": "ㄹ",
    "9": "",
}
_SOUND_OF_LETTER = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "r": "ㄹ"}
_SOUND_OF_SIGN = {"%": "", "℃": "", "°": "", "㎝": "", "㎜": "", "㎏": "ㅁ"}


def particle(text: str, pair: str) -> str:
    """The particle of ``pair`` (a key of :data:`PARTICLES`) that follows ``text``.

    By the sound of the last syllable: Hangul exactly, numbers as they are read, Latin words by
    their usual Korean reading. A bracket at the end is passed over, as the orthography has it.
    ``이(가)`` where it cannot be told.
    """
    closed, open_, either = PARTICLES[pair]
    sound = final_sound(text)
    if sound is None:
        return either
    if sound == "" or (sound == "ㄹ" and pair == "(으)로"):
        return open_
    return closed


def final_sound(text: str) -> str | None:
    """Final consonant with which ``text`` ends when read aloud in Korean: ``""`` for none, ``ㄹ``
    and others (only ㄹ is told apart exactly); ``None`` if that is unknown."""
    text = unicodedata.normalize("NFC", text).rstrip().rstrip(_CLOSING)
    without = re.sub(r"\s*[(（][^()（）]*[)）]$", "", text)
    text = (without or text.rstrip(")）")).rstrip(_CLOSING + " .,;:!?…")
    if not text:
        return None
    last = text[-1]
    if "가" <= last <= "힣":
        index = (ord(last) - ord("가")) % 28
        return "" if index == 0 else "ㄹ" if index == 8 else "ㅇ"
    if last in _SOUND_OF_SIGN:
        return _SOUND_OF_SIGN[last]
    if last.isascii() and last.isdigit():
        return _sound_of_number(text)
    if last.isascii() and last.isalpha():
        return _sound_of_latin(text)
    return None


def _sound_of_number(text: str) -> str:
    match = re.search(r"(\d[\d,]*\.)?[\d,]*\d$", text)
    digits = match[0].replace(",", "") if match else text[-1]
    zeros = len(digits) - len(digits.rstrip("0"))
    # 12,000,000,000,000 ends in 조, the only power of ten without a final consonant.
    if "." not in digits and 12 <= zeros < 16 and zeros < len(digits):
        return ""
    return _SOUND_OF_DIGIT[digits[-1]]


def _sound_of_latin(text: str) -> str:
    match = re.search(r"[A-Za-z]+$", text)
    word = match[0] if match else text[-1]
    # Abbreviations are spelt: XML, png, R.
    if word.isupper() or not re.search("[aeiouy]", word.lower()):
        return _SOUND_OF_LETTER.get(word[-1].lower(), "")
    word = word.lower()
    if word[-1] in "lmn":
        return _SOUND_OF_LETTER[word[-1]]
    # string 스트링; zip, map, format, group close the syllable, object and list do not.
    if re.search("[aeiouy]ng$", word):
        return "ㅇ"
    return "ㅂ" if re.search("[aeiouy][ptkb]$|ack$|ock$", word) else ""


# --- the words ------------------------------------------------------------------------------


def entries(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """``(key, {"ko": …, "en": …})`` of a words file; a table that holds strings is an entry."""
    own = {k: v for k, v in table.items() if not isinstance(v, dict)}
    if own:
        yield prefix, own
    for name, inner in table.items():
        if isinstance(inner, dict):
            yield from entries(inner, f"{prefix}.{name}" if prefix else name)


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Mapping[str, str]]:
    words: dict[str, Mapping[str, str]] = {}
    for path in files():
        words.update(entries(tomllib.loads(path.read_text(encoding="utf-8"))))
    return MappingProxyType(words)


def files() -> list[Path]:
    """The words files, sorted by name."""
    return sorted((content.folder("reports") / "words").glob("*.toml"))


class Words:
    """All words in one language.

    ``more`` holds words that come with other content (a check's own ``title``, ``message`` …), as
    ``key -> {"ko": …, "en": …}``; they win over the shipped ones.
    """

    __slots__ = ("_more", "lang")

    def __init__(self, lang: Language = "ko", more: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.lang: Language = lang
        self._more = dict(more or {})

    def __contains__(self, key: str) -> bool:
        return key in self._more or key in _shipped()

    def template(self, key: str) -> str | None:
        """The words of ``key`` with their placeholders; ``None`` if there are none."""
        both = self._more.get(key) or _shipped().get(key)
        return both.get(self.lang) if both else None

    def text(self, key: str, /, **values: Any) -> str:
        """The words of ``key``, filled; a value that is a ``Said`` is said in this language. A key
        without words is shown as itself: output never fails over a missing word (a test does)."""
        template = self.template(key)
        said = {
            name: self.text(value.key, **value.values) if isinstance(value, Said) else value
            for name, value in values.items()
        }
        return key if template is None else format(template, said)

    def choice(self, both: Mapping[str, str]) -> str:
        """The side of ``{"ko": …, "en": …}`` that the reader reads."""
        return both.get(self.lang) or both.get("en") or both.get("ko") or ""

    def error(self, error: QcError) -> str:
        """An error as one line."""
        return self.text(error.key, **error.values)


# --- the reader's language ------------------------------------------------------------------


def language(option: str | None = None, env: Mapping[str, str] | None = None) -> Language:
    """``ko`` or ``en``: ``option`` (from ``--lang``), else ``QC_LANG``, else the locale.

    ``env`` stands for the process's environment. Raises ``QcError("errors.language-unknown")``
    when ``option`` is neither.
    """
    if option is not None:
        for known in LANGUAGES:
            if option.lower() == known:
                return known
        raise QcError("errors.language-unknown", lang=option, known=LANGUAGES)
    real = env is None
    env = os.environ if env is None else env
    # LANGUAGE is a list that only counts when a locale is set (gettext).
    located = next((env[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(k)), "")
    names = [env.get("QC_LANG", "")]
    if located.split(".")[0] not in ("", "C", "POSIX"):
        names.append(env.get("LANGUAGE", "").split(":")[0])
    names.append(located)
    for name in filter(None, names):
        return "ko" if name.lower().startswith("ko") else "en"
    return _system() if real else "en"


def _system() -> Language:
    """The language of the system's own screens, where the environment says nothing (Windows)."""
    if sys.platform == "win32":
        try:
            primary = ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF
        except (AttributeError, OSError):
            return "en"
        return "ko" if primary == 0x12 else "en"
    return "en"
