"""The speech sample: a short sound and a label for each utterance, as the speech sets of 2020-21 are.

A label has its keys in Korean and its numbers as texts; it names its sound (``fileNm``) and who speaks
(``recorderId``). The sounds are made tones; what is said to be said in them is made up.
Layout: ``01.데이터/1.Training/{원천데이터,라벨링데이터}/SPEAKER/STEM.{wav,json}``.
"""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Iterable
from functools import cache

from sample_datasets.planted import Dice, Json, Sample, Unit

TOP = "자유대화 음성/01.데이터"
#: Samples a second; a sample is one byte.
RATE = 16_000
#: Folder of the split -> numbers of its units.
SPLITS = {"1.Training": range(1, 31), "2.Validation": range(31, 43)}
#: Who speaks: five utterances each, but for those of whom there is one.
_SINGLE = {29: "S09", 30: "S10", 41: "S11", 42: "S12"}
_WORDS = ("오늘", "내일", "아침", "저녁", "날씨", "음악", "길", "역", "집", "책")
_VERBS = ("알려 줘", "찾아 줘", "들려 줘", "보여 줘", "말해 줘")


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {number: _unit(number, split) for split, numbers in SPLITS.items() for number in numbers}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the units into the folders of ``made``."""
    for unit in units:
        if unit.source is not None:
            made.files[unit.source_path] = unit.source
        if unit.labelled:
            made.files[unit.label_path] = unit.label_bytes()


@cache
def sound(number: int) -> bytes:
    """A fading tone of its own pitch and length: WAV, 16 kHz, 8 bit, one channel."""
    count, pitch = 1200 + 16 * number, 180 + 9 * number  # no two are of one length
    samples = bytes(
        round(128 + 90 * (1 - at / count) * math.sin(2 * math.pi * pitch * at / RATE)) for at in range(count)
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE)
        file.writeframes(samples)
    return buffer.getvalue()


def _seconds(data: bytes) -> float:
    with wave.open(io.BytesIO(data)) as file:
        return int(file.getnframes()) / RATE


def _speaker(number: int) -> str:
    return _SINGLE.get(number) or f"S{(number - 1) // 5 + 1:02d}"


def _unit(number: int, split: str) -> Unit:
    dice = Dice("speech", number)
    speaker, stem = _speaker(number), f"발화_{number:04d}"
    data = sound(number)
    label: Json = {
        "발화정보": {
            "stt": f"(SN:) {dice.one(_WORDS)} {dice.one(_WORDS)} {dice.one(_VERBS)}",
            "scriptId": f"{dice.whole(1, 9999):04d}",
            "fileNm": f"{stem}.wav",
            "recrdTime": f"{_seconds(data):.3f}",
            "recrdQuality": "16K",
            "recrdDt": f"2020-10-{dice.whole(1, 31):02d} {dice.whole(9, 17):02d}:{dice.whole(0, 59):02d}:00",
            "scriptSetNo": f"{dice.whole(1, 20)}",
        },
        "대화정보": {
            "recrdEnvrn": dice.one(("실내", "실외")),
            "colctUnitCode": f"C{dice.whole(1, 4)}",
            "cityCode": f"{dice.whole(1, 17):02d}",
            "recrdUnit": "스마트폰",
            "convrsThema": dice.one(("일상", "날씨", "교통")),
        },
        "녹음자정보": {
            "gender": "여" if int(speaker[1:]) % 2 else "남",
            "recorderId": speaker,
            "age": f"{20 + 10 * (int(speaker[1:]) % 4)}대",
        },
    }
    return Unit(
        number=number,
        stem=stem,
        label=label,
        source=data,
        source_path=f"{TOP}/{split}/원천데이터/{speaker}/{stem}.wav",
        label_path=f"{TOP}/{split}/라벨링데이터/{speaker}/{stem}.json",
    )
