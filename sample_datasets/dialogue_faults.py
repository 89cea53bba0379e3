"""The defects that are planted in the dialogue sample, each in a unit of its own."""

from __future__ import annotations

from sample_datasets.common_faults import cp949, cut_short, empty_label
from sample_datasets.planted import Fault, Json, Planting, Sample, Unit, dump, whole

#: A dialogue of the training split, the side of one of its speakers, the dialogue of the validation split
#: and the side that this one takes there: those of the last numbers, so that none is left out between others.
SAME_SPEAKER = ((1, 1, 32, 1), (2, 2, 32, 2))


def _sessions(planting: Planting) -> list[Json]:
    found: list[Json] = planting.unit.label["sessionInfo"]
    return found


def _format(planting: Planting, pointer: str, path: str) -> None:
    planting.expect("schema.format", "path", pointer=pointer, name=path)


def _key_twice(planting: Planting) -> None:
    line = b'"topicInfo": {'
    planting.unit.written = dump(planting.unit.label).replace(line, b'"topicInfo": {},\n    ' + line)
    planting.expect("documents.invalid-json", "file")


def _personas_missing(planting: Planting) -> None:
    del planting.unit.label["personaInfo"]
    planting.expect("schema.structure", "file")


def _alone(planting: Planting) -> None:
    del planting.unit.label["participantsInfo"]["speaker2"]
    planting.expect("schema.structure", "file")


def _no_turns(planting: Planting) -> None:
    del _sessions(planting)[1]["dialog"]
    planting.expect("schema.structure", "file")


def _counted_in_words(planting: Planting) -> None:
    _sessions(planting)[0]["numberOfTurns"] = "세 번"
    _format(planting, "/sessionInfo/0/numberOfTurns", "/sessionInfo/*/numberOfTurns")


def _session_zero(planting: Planting) -> None:
    _sessions(planting)[0]["nthSession"] = "0"
    _format(planting, "/sessionInfo/0/nthSession", "/sessionInfo/*/nthSession")


def _no_age(planting: Planting) -> None:
    planting.unit.label["participantsInfo"]["speaker1"]["age"] = ""
    _format(planting, "/participantsInfo/speaker1/age", "/participantsInfo/speaker1/age")


def _speaker_unbounded(planting: Planting) -> None:
    _sessions(planting)[0]["dialog"][1]["speaker"] = "두 번째 사람"
    _format(planting, "/sessionInfo/0/dialog/1/speaker", "/sessionInfo/*/dialog/*/speaker")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: speakers of the training split that speak for validation too."""
    for number, (old, side, new, other) in enumerate(SAME_SPEAKER, 1):
        note = "speaker of the training split in the validation split too"
        people = units[old].label["participantsInfo"]
        units[new].label["participantsInfo"][f"speaker{other}"] = dict(people[f"speaker{side}"])
        for unit in (units[old], units[new]):
            Planting(f"s24-speaker-{number}", unit, made, note).expect("split.same-group", "group")


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together."""
    whole(made, "s24-encodings", "files.encoding-mixed", "two dialogues in CP949")


FAULTS = (
    Fault("s24-empty-1", 3, empty_label, "document of zero bytes"),
    Fault("s24-unreadable-1", 4, cut_short(3, 4), "document cut short after three quarters"),
    Fault("s24-json-1", 5, _key_twice, "topicInfo stands twice"),
    Fault("s24-encoding-1", 6, cp949, "document in CP949"),
    Fault("s24-encoding-2", 27, cp949, "document in CP949, validation"),
    Fault("s24-structure-1", 7, _personas_missing, "section personaInfo is missing"),
    Fault("s24-structure-2", 8, _alone, "second participant is missing"),
    Fault("s24-structure-3", 28, _no_turns, "session without dialog"),
    Fault("s24-format-1", 9, _counted_in_words, "numberOfTurns in words"),
    Fault("s24-format-2", 10, _session_zero, "nthSession 0"),
    Fault("s24-format-3", 29, _no_age, "age is empty"),
    Fault("s24-format-4", 11, _speaker_unbounded, "speaker of a turn is no id"),
)
