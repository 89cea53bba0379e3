"""The ``qc`` command itself; each of its commands is a module beside this one."""

from __future__ import annotations

import click

from qc import __version__
from qc.cli.app import current, everywhere
from qc.cli.speaking import Group


def _version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        current().out.print(f"qc {__version__}")
        context.exit()


@click.group(
    cls=Group,
    name="qc",
    help="screen.command.qc",
    context_settings={"help_option_names": ["--help", "-h"]},
    lazy={
        "check": "qc.cli.check:check",
        "show": "qc.cli.show:show",
        "init": "qc.cli.init:init",
        "demo": "qc.cli.demo:demo",
        "checks": "qc.cli.checks:checks",
        "schema": "qc.cli.schema:schema",
        "sql": "qc.cli.sql:sql",
    },
)
@everywhere
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="screen.option.version",
)
def root() -> None:
    """Nothing of its own: the commands do the work."""
