"""Makes the sample deliverables anew: ``python -m sample_datasets.generate [FOLDER]``.

Each sample is a function of the seed alone. Written are the deliverables and, for each, the list of
everything that a check must find in it (``expected/NAME.csv``; of the clean ones nothing).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sample_datasets import (
    dialogue_faults,
    dialogues,
    drawing_faults,
    drawings,
    low_light,
    low_light_faults,
    shop,
    shop_faults,
    speech,
    speech_faults,
    travel,
    travel_faults,
)
from sample_datasets.planted import Sample, plant

#: Samples by name; the part before the hyphen names the format, see the modules.
_FORMATS = {
    "s01": (low_light, low_light_faults),
    "s06": (drawings, drawing_faults),
    "s12": (shop, shop_faults),
    "s17": (speech, speech_faults),
    "s24": (dialogues, dialogue_faults),
    "s26": (travel, travel_faults),
}
NAMES = tuple(f"{kind}-{state}" for kind in _FORMATS for state in ("clean", "faulty"))


def make(name: str, *, gates: bool = True) -> Sample:
    """The sample ``name`` (one of :data:`NAMES`, ``KeyError`` otherwise), in memory.

    With ``gates=False`` the defects that reject a deliverable on their own are left out: what remains
    must reject it by its rates.
    """
    kind, _, state = name.partition("-")
    if name not in NAMES:
        raise KeyError(name)
    content, faults = _FORMATS[kind]
    sample, units = Sample(name), content.units()
    if state == "faulty":
        plant(sample, units, faults.FAULTS, gates=gates)
        if gates:
            faults.reject(sample, units)
        faults.settle(sample)
    content.lay_out(sample, units.values())
    return sample


def write(sample: Sample, folder: Path) -> None:
    """Write the deliverable into ``folder/NAME``, replacing what is there."""
    target = folder / sample.name
    if target.exists():
        shutil.rmtree(target)
    for path, data in sample.contents().items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def main(folder: Path) -> None:
    """Write all samples and their expected findings into ``folder``."""
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        sample = make(name)
        write(sample, folder)
        (folder / "expected" / f"{name}.csv").write_bytes(sample.expected_csv())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
