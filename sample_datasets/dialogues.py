"""The dialogue sample: texts without media, as the programme's data set 141 (dialogues of sessions, 2022) is.

One JSON a dialogue of two people over several sessions; every scalar is a string. What people say is put
together from a few phrases. Layout: ``01.데이터/1.Training/라벨링데이터/STEM.json``.
"""

from __future__ import annotations

from collections.abc import Iterable

from sample_datasets.planted import Dice, Json, Sample, Unit

TOP = "멀티세션 대화/01.데이터"
#: Folder of the split -> numbers of its units.
SPLITS = {"1.Training": range(1, 25), "2.Validation": range(25, 33)}
_TOPICS = ("여행", "음식", "운동", "영화", "반려동물")
_SAID = (
    "요즘 어떻게 지내?",
    "그거 좋다.",
    "나도 해 보고 싶어.",
    "주말에 뭐 할 거야?",
    "다음에 같이 가자.",
    "정말?",
)


def units() -> dict[int, Unit]:
    """The faultless units by number."""
    return {number: _unit(number, split) for split, numbers in SPLITS.items() for number in numbers}


def lay_out(made: Sample, units: Iterable[Unit]) -> None:
    """Put the units into the folders of ``made``."""
    made.files |= {unit.label_path: unit.label_bytes() for unit in units if unit.labelled}


def _person(dice: Dice, ident: str) -> Json:
    return {
        "participantID": ident,
        "gender": dice.one(("남성", "여성")),
        "age": f"{dice.whole(2, 6)}0대",
    }


def _unit(number: int, split: str) -> Unit:
    dice = Dice("dialogue", number)
    stem = f"K2-{number:05d}"
    topic = dice.one(_TOPICS)
    sessions: list[Json] = []
    for nth in range(1, dice.whole(2, 3) + 1):
        turns = dice.whole(2, 4)
        dialog = [{"speaker": f"speaker{1 + at % 2}", "utterance": dice.one(_SAID)} for at in range(turns)]
        sessions.append(
            {
                "prevSessionID": f"{stem}-S{nth - 1}" if nth > 1 else "",
                "nthSession": str(nth),
                "numberOfTurns": str(turns),
                "dialog": dialog,
            }
        )
    label: Json = {
        "FileInfo": {"filename": stem, "date": f"2022-09-{dice.whole(1, 30):02d}"},
        "participantsInfo": {
            f"speaker{side}": _person(dice, f"P{2 * number + side - 2:04d}") for side in (1, 2)
        },
        "personaInfo": {f"speaker{side}": f"{dice.one(_TOPICS)} 이야기를 좋아한다" for side in (1, 2)},
        "topicInfo": {"topicTitle": topic},
        "sessionInfo": sessions,
    }
    path = f"{TOP}/{split}/라벨링데이터/{stem}.json"
    return Unit(number=number, stem=stem, label=label, source=None, source_path="", label_path=path)
