"""python -m socialml COMMAND: everything the app does, for scripts.

With --json one JSON object on stdout and nothing else. Exit codes: 0 done, 1 a bug, 2 a mistake the user can
mend, 130 cancelled.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from socialml.errors import Cancelled, UserError
from socialml.progress import Progress
from socialml.store import Run, Store, default_path


def _fail(error: UserError, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
    else:
        click.echo(f"{error.message}\n{error.hint}".strip(), err=True)
    sys.exit(2)


def tell(progress: Progress) -> None:
    click.echo(f"{progress.fraction:4.0%}  {progress.message}", err=True)


def command(*, opens_store: bool = True) -> Callable[..., Any]:
    """A command with --store, --seed and --json; what it returns is printed as JSON or as text."""

    def wrap(function: Callable[..., tuple[dict[str, Any], str]]) -> click.Command:
        @functools.wraps(function)
        def call(**options: Any) -> None:
            as_json = options.pop("json")
            path = options.pop("store") or default_path()
            try:
                if opens_store:
                    with Store(path) as opened:
                        answer, text = function(opened, **options)
                else:
                    options.pop("seed") if "seed" not in function.__annotations__ else None
                    answer, text = function(**options)
            except UserError as error:
                _fail(error, as_json)
            except (Cancelled, KeyboardInterrupt):
                click.echo("Stopped; nothing was changed.", err=True)
                sys.exit(130)
            click.echo(json.dumps(answer, ensure_ascii=False, default=str) if as_json else text)

        for option in (
            click.option("--store", type=click.Path(dir_okay=False, path_type=Path), help="The store file."),
            click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything random."),
            click.option("--json", is_flag=True, help="One JSON object on stdout."),
        ):
            call = option(call)  # type: ignore[assignment]
        name = function.__name__.strip("_").replace("_", "-")
        return cli.command(name, help=function.__doc__)(call)

    return wrap


@click.group(help="SocialML: a marketing lab for social commerce.")
def cli() -> None:
    pass


dataset_option = click.option("--dataset", required=True, help="Name of the dataset.")


def day(text: str | None) -> Any:
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UserError("bad_date", f"'{text}' is not a date.", "Write it as YYYY-MM-DD.") from error


def save(out: Path, content: bytes) -> None:
    """Write a file the user asked for."""
    try:
        out.write_bytes(content)
    except OSError as error:
        raise _cannot_write(out, error) from error


def out_options(what: str, *, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--out and --format. what: that the file holds."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        form = click.option(
            "--format", "form", type=click.Choice(["csv", "xlsx", "parquet"]),
            help="Of that file; what its suffix says if not given, else csv.",
        )  # fmt: skip
        path = click.Path(dir_okay=False, path_type=Path)
        return click.option("--out", type=path, required=required, help=f"A file of {what}.")(form(function))

    return wrap


def exported(
    name: str, store: Store, dataset: str, config: Any, out: Path | None, export: Callable[[Any], Any],
    form: str | None = None,
) -> Run:  # fmt: skip
    """Run an analysis and save what `export` makes of its Result, where a file is asked for.

    A file that cannot be written is told before the work, not after it; what stands in it stays until the work is
    done.
    """
    from socialml.analyses import base
    from socialml.export import format_of

    if out is None:
        return base.run(name, store, dataset, config, tell)
    fresh = not out.exists()
    try:
        out.open("ab").close()
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        run = base.run(name, store, dataset, config, tell)
    except BaseException:
        if fresh:
            out.unlink(missing_ok=True)
        raise
    save(out, format_of(out, form).write(export(base.read_result(run))))
    return run


def _cannot_write(out: Path, error: OSError) -> UserError:
    return UserError(
        "cannot_write",
        f"{out} cannot be written: {error.strerror}.",
        "Choose a folder that exists and is yours.",
    )


@cli.command(hidden=True)
@click.argument("job", type=click.Path(exists=True, file_okay=False, path_type=Path))
def worker(job: Path) -> None:
    """Carry out one job of the app in this process."""
    from socialml.jobs.worker import main as work

    sys.exit(work(job))


def main() -> None:
    """Entry point. Every module beside this one brings its commands; mistakes in options are told as all others."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    try:
        cli.main(prog_name="python -m socialml", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _fail(UserError("usage", error.format_message(), "See --help."), "--json" in sys.argv)
