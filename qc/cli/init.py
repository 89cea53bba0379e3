"""``qc init``: a plan to start from, after a look at the deliverable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from qc.cli.app import PATH, App, current, everywhere
from qc.cli.speaking import Speaking
from qc.errors import QcError
from qc.globs import escaped
from qc.plan import plans
from qc.plan.text import Seen, SeenSchema, write_plan
from qc.report.blocks import MARGIN, Hanging, typed
from qc.report.preview import CheckOptions, Silent
from qc.words import percent

if TYPE_CHECKING:
    from qc.pipeline import Looked
    from qc.schemas.binding import Bindings, Bound


@click.command(cls=Speaking, name="init", help="screen.command.init")
@click.argument("path", metavar="PATH", type=PATH)
@click.option("--schema", metavar="ID|FILE", help="screen.option.schema")
@click.option("--layout", metavar="ID|FILE", help="screen.option.layout")
@click.option("--category", metavar="ID", help="screen.option.category")
@everywhere
def init(*, path: Path, schema: str | None, layout: str | None, category: str | None) -> int:
    """Writes ``qc.toml`` into the current folder; an existing one is an error."""
    from qc import pipeline  # noqa: PLC0415 - slow to import

    app = current()
    target = Path(plans.FILE_NAME)
    if target.exists():
        raise QcError("screen.error.plan-exists", path=target)
    if path.is_dir() and Path.cwd().resolve().is_relative_to(path.resolve()):
        raise QcError("screen.error.plan-inside", path=path)
    seen = pipeline.look(CheckOptions(path=path, schema=schema, layout=layout, lang=app.lang), Silent())
    text = write_plan(_seen(seen, category, app), app.words)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise QcError("screen.error.plan-exists", path=target) from error
    except OSError as error:
        raise QcError("screen.error.plan-unwritable", path=target) from error
    app.show(Hanging(Text(app.say("screen.init.written", path=target), style="green"), MARGIN))
    app.show(Hanging(app.say("screen.init.next", path=typed(str(path))), MARGIN))
    return 0


def _seen(looked: Looked, category: str | None, app: App) -> Seen:
    match, bindings = looked.deliverable.layout_reason, looked.bindings
    return Seen(
        name=looked.deliverable.name,
        category=category,
        layout=match.layout,
        layout_reason=" · ".join(app.say(reason.key, **reason.values) for reason in match.reasons),
        schemas=_schemas(bindings, app),
    )


def _schemas(bindings: Bindings, app: App) -> list[SeenSchema]:
    """What binds the labels as they were found: one glob for one format, else one for each place of each."""
    alone = len(bindings.bound) == 1 and not bindings.unfit
    found = []
    for bound in bindings.bound:
        schema = bound.schema.id if bound.schema.shipped else str(bound.schema.path)
        places = ("",) if alone or not bound.places else bound.places
        for place in places:
            match = f"{escaped(place)}/**/*.json" if place else "**/*.json"
            found.append(
                (place.count("/") + bool(place), SeenSchema(bound.match or match, schema, _fit(bound, app)))
            )
    # The first glob that matches holds: of a folder inside another, the inner one comes first.
    return [seen for _, seen in sorted(found, key=lambda one: -one[0])]


def _fit(bound: Bound, app: App) -> str | None:
    if bound.fit is None or not bound.fit.sampled:
        return None
    rate = percent(bound.fit.valid / bound.fit.sampled, 0)
    return app.say("screen.preview.match", matched=bound.fit.valid, sampled=bound.fit.sampled, rate=rate)
