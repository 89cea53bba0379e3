"""The defects that are planted in the speech sample, each in a unit of its own."""

from __future__ import annotations

from sample_datasets.common_faults import cp949, cut_short, empty_source, no_label, no_source
from sample_datasets.planted import Fault, Planting, Sample, Unit, whole

#: Utterances of the training split, and those of the validation split that get their speakers.
SAME_SPEAKER = ((29, 41), (30, 42))
UTTERANCE, SPEAKER = "발화정보", "녹음자정보"


def _speaker_missing(planting: Planting) -> None:
    del planting.unit.label[SPEAKER]
    planting.expect("schema.structure", "file")


def _name_missing(planting: Planting) -> None:
    del planting.unit.label[UTTERANCE]["fileNm"]
    planting.expect("schema.structure", "file")


def _time_with_unit(planting: Planting) -> None:
    _time(planting, "5초")


def _time_of_day(planting: Planting) -> None:
    _time(planting, "00:00:05")


def _time(planting: Planting, value: str) -> None:
    planting.unit.label[UTTERANCE]["recrdTime"] = value
    _format(planting, f"/{UTTERANCE}/recrdTime")


def _lasts_nothing(planting: Planting) -> None:
    _time(planting, "0.000")


def _nobody_said_what(planting: Planting) -> None:
    planting.unit.label[UTTERANCE]["stt"] = " "
    _format(planting, f"/{UTTERANCE}/stt")


def _speaker_by_name(planting: Planting) -> None:
    """Where an id was agreed: such a text is kept nowhere."""
    planting.unit.label[SPEAKER]["recorderId"] = "녹음자 (가명)"
    _format(planting, f"/{SPEAKER}/recorderId")


def _format(planting: Planting, pointer: str) -> None:
    planting.expect("schema.format", "path", pointer=pointer, name=pointer)


def _other_name(planting: Planting) -> None:
    planting.unit.label[UTTERANCE]["fileNm"] = f"발화_{planting.unit.number + 900:04d}.wav"
    planting.expect("items.file-name", "item")


def _other_extension(planting: Planting) -> None:
    planting.unit.label[UTTERANCE]["fileNm"] = f"{planting.unit.stem}.pcm"
    planting.expect("items.file-name", "item")


def reject(made: Sample, units: dict[int, Unit]) -> None:
    """Plant what rejects the whole: speakers that stand in both splits."""
    for number, (old, new) in enumerate(SAME_SPEAKER, 1):
        note = "speaker of the training split in the validation split too"
        units[new].label[SPEAKER] = dict(units[old].label[SPEAKER])
        for unit in (units[old], units[new]):
            Planting(f"s17-speaker-{number}", unit, made, note).expect("split.same-group", "group")


def settle(made: Sample) -> None:
    """Expect what several of the defects lead to together."""
    whole(made, "s17-encodings", "files.encoding-mixed", "two labels in CP949")


FAULTS = (
    Fault("s17-no-label-1", 2, no_label, "label left out"),
    Fault("s17-no-label-2", 32, no_label, "label left out, validation"),
    Fault("s17-no-source-1", 3, no_source(), "sound left out"),
    Fault("s17-no-source-2", 33, no_source(), "sound left out, validation"),
    Fault("s17-empty-1", 6, empty_source, "sound of zero bytes"),
    Fault("s17-unreadable-1", 7, cut_short(1, 2), "document cut short in the middle"),
    Fault("s17-encoding-1", 8, cp949, "document in CP949"),
    Fault("s17-encoding-2", 34, cp949, "document in CP949, validation"),
    Fault("s17-structure-1", 11, _speaker_missing, "section 녹음자정보 is missing"),
    Fault("s17-structure-2", 35, _name_missing, "fileNm is missing"),
    Fault("s17-format-1", 12, _time_with_unit, "recrdTime with a unit"),
    Fault("s17-format-2", 36, _time_of_day, "recrdTime as a time of day"),
    Fault("s17-format-3", 16, _lasts_nothing, "recrdTime 0"),
    Fault("s17-format-4", 17, _nobody_said_what, "stt is a blank"),
    Fault("s17-format-5", 21, _speaker_by_name, "recorderId is a name, not an id"),
    Fault("s17-file-name-1", 22, _other_name, "fileNm of another sound"),
    Fault("s17-file-name-2", 37, _other_extension, "fileNm ends in .pcm, the sound in .wav"),
)
