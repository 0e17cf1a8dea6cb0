"""The command line: arguments only. Everything heavy is imported by the command that needs it."""

import os
import re
import shutil
import sys
from pathlib import Path

import click

from . import __version__
from .home import DEMO, NOTEBOOKS, REPORTS, STORE
from .usage import speak
from .words import LANGUAGES, Trouble, Words, cut, language

LANG = language()
speak(LANG)


def said(zh: str, en: str) -> str:
    """A text of the command line in the reader's language."""
    return Words(zh, en)[LANG]


def folder_of(store: str) -> Path:
    """`demo` is the demo company's store."""
    if "://" in store:
        raise Trouble(_NO_FOLDER)
    return DEMO / "store" if store == "demo" else Path(store)


def hidden(text: str) -> str:
    """The text with addresses cut off: they may hold a password."""
    return re.sub(r"(\w://)\S+", r"\1…", text)


STORE_HELP = said("投诉库文件夹；demo 为示例公司", "the store's folder; demo is the demo company")
ASKED_HELP = said(
    "投诉库文件夹，或数据库引擎的地址（postgres://…）；demo 为示例公司",
    "the store's folder, or the address of an engine (postgres://…); demo is the demo company",
)
store_option = click.option("--store", default=str(STORE), show_default="data/store", help=STORE_HELP)
asked_option = click.option("--store", default=str(STORE), show_default="data/store", help=ASKED_HELP)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="complaintkit")
def cli() -> None:
    pass


cli.help = said(
    "投诉分析工具包：从杂乱的来源文件到可信的定期报告。",
    "The complaint analysis kit: from messy source files to a report that can be trusted.",
)


@cli.command(
    help=said("生成示例公司的来源文件并入库。", "Make the demo company: its messy sources and its store.")
)
def demo() -> None:
    from .demo import make_demo
    from .intake import intake

    sources = make_demo(DEMO, progress=lambda done, of, what: progress(f"{_MAKING[LANG]} {done}/{of}"))
    shutil.rmtree(DEMO / "store", ignore_errors=True)  # it is made anew, by today's profiles and cleaning
    intake(
        sorted(sources.iterdir()),
        store=DEMO / "store",
        progress=progress,
        done=lambda batch: shown(batch.summary(LANG)),
    )
    click.echo(
        said("示例公司的投诉库已就绪：--store demo", "the demo company's store is ready: --store demo")
    )


@cli.command(help=said("把导出文件读入投诉库。", "Take exported files into the store."))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--profile",
    help=said("映射文件名；缺省按表头识别", "the mapping's name; found by the headers if left out"),
)
@store_option
@click.option(
    "--replace",
    is_flag=True,
    help=said("替换同名文件先前的批次", "take out the earlier batch of the same file"),
)
def intake(files: tuple[Path, ...], profile: str | None, store: str, replace: bool) -> None:
    from .intake import intake as take_in

    columns = shutil.get_terminal_size((100, 24)).columns
    take_in(
        list(files),
        profile,
        store=folder_of(store),
        replace=replace,
        progress=progress,
        done=lambda batch: shown(batch.show(LANG, columns)),
    )


@cli.command(
    help=said(
        "把投诉库的各表发布到 PostgreSQL，供 --store postgres://… 使用。",
        "Put a store's tables into PostgreSQL, for --store postgres://… to ask there.",
    )
)
@click.argument("address")
@store_option
def publish(address: str, store: str) -> None:
    from .book.publish import publish as put

    for table, rows in put(folder_of(store), address, progress).items():
        shown(f"{table:12}{rows:>12,}")


@cli.command(
    help=said("为没有映射的文件提出映射建议。", "Propose the mapping for a file that no profile knows.")
)
@click.argument("file", type=click.Path(path_type=Path))
def profile(file: Path) -> None:
    from .intake.profile import propose

    click.echo(propose(file))


@cli.command(
    help=said(
        "生成一个期间的报告，例如 2026-10、2026-W43、last-month。",
        "Build the report of a period: 2026-10, 2026-W43, last-month ...",
    )
)
@click.argument("period")
@click.option("--recipe", default="monthly", show_default=True, help=said("配方", "the recipe"))
@click.option("--lang", default=LANG, show_default=True, help=said("zh、en 或 zh,en", "zh, en or zh,en"))
@asked_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=REPORTS,
    show_default="reports",
    help=said("输出文件夹", "the folder of reports"),
)
@click.option(
    "--privacy",
    type=click.Choice(["internal", "shared", "strict"]),
    default="internal",
    show_default=True,
    help=said(
        "报告给谁看：内部、共享（隐去 1–7 件）、严格（隐去 0–9 件）",
        "who reads it: shared hides counts of 1-7, strict of 0-9",
    ),
)
@click.option("--as-of", help=said("此刻之后的事一概不见", "nothing that happened later is seen"))
@click.option("--only", multiple=True, help=said("只做这些步骤", "only these steps"))
@click.option("--jobs", type=click.IntRange(1, 64), help=said("同时运行的笔记本数", "notebooks at once"))
@click.option("--dry-run", is_flag=True, help=said("只列出计划", "only show the plan"))
@click.option(
    "--resume", is_flag=True, help=said("沿用上次已完成的步骤", "keep the steps that an earlier run finished")
)
def report(
    period: str,
    recipe: str,
    lang: str,
    store: str,
    out: Path,
    as_of: str | None,
    only: tuple[str, ...],
    jobs: int | None,
    dry_run: bool,
    resume: bool,
    privacy: str,
) -> None:
    from .report.forking import preload

    if not dry_run:
        preload()  # it imports while this process does the same
    from .period import Period
    from .report import build_report

    languages = list(dict.fromkeys(part.strip() for part in lang.split(",")))
    if unknown := [cut(part, 20) for part in languages if part not in LANGUAGES]:
        raise Trouble(_NO_LANGUAGE, unknown=unknown)
    window = Period.parse(period, as_of=as_of)
    codes = []
    for one in languages:
        run = build_report(
            window,
            recipe=recipe,
            lang=one,
            store=store,
            out=out,
            only=only,
            jobs=jobs,
            dry_run=dry_run,
            resume=resume,
            privacy=privacy,
        )
        click.echo(run.say(LANG))
        codes.append(run.exit_code)
    sys.exit(max(codes))


@cli.command(
    help=said(
        "forms 文件夹：生成供人填写的表单。forms check 文件…：读回填好的表单，逐格指出错误。",
        "forms FOLDER: write the forms that people fill in. forms check FILE ...: read them back, each mistake by its cell.",
    )
)
@click.argument("where", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--period", default="last-month", show_default=True, help=said("统计的期间", "of the statistics")
)
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default=LANG, show_default=True, help=said("语言", "language")
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help=said("无误时另存为 CSV（原因表为 TOML）", "keep one without mistakes as CSV (causes: TOML)"),
)
@asked_option
def forms(where: tuple[Path, ...], period: str, lang: str, into: Path | None, store: str) -> None:
    first, *files = where
    if str(first) == "check" and files:
        sys.exit(_check_forms(files, into))
    if files:
        raise Trouble(_ONE_FOLDER)
    from .book import open_book
    from .forms import write_forms
    from .period import Period

    for path in write_forms(first, open_book(store), Period.parse(period), lang):
        click.echo(str(path))


def _check_forms(files: list[Path], into: Path | None) -> int:
    from .forms import check_form

    found = {path: check_form(path) for path in files}
    for path, checked in found.items():
        values = {"file": path.name, "n": checked.rows, "m": len(checked.mistakes)}
        click.echo((_MISTAKES if checked.mistakes else _NO_MISTAKE).fill(LANG, **values))
        for mistake in checked.mistakes:
            click.echo(f"  {mistake.say(LANG)}")
    if any(checked.mistakes for checked in found.values()):
        return 3
    if into and len(found) > 1:
        raise Trouble(_ONE_FORM)
    if into:
        found[files[0]].keep(into)
    return 0


@cli.command(help=said("列出分析方法及其回答的问题。", "List the methods and the questions they answer."))
def methods() -> None:
    import json

    from .methods import METHODS

    for name in METHODS:  # the notebook has title and question; loading the method would take seconds
        cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).removeprefix("# ")
        question = next(c["source"] for c in cells if LANG in c["metadata"].get("tags", ()))
        click.echo(f"{name:14}{title}\n{'':14}{''.join(question)}")


@cli.command(
    help=said(
        "列出投诉原因的各套分类法；taxonomies 名称：其中各类的痛点、对策与对应关系。",
        "List the taxonomies of reasons; taxonomies NAME: its classes, what hurts, what may be done, what goes with what.",
    )
)
@click.argument("name", required=False)
def taxonomies(name: str | None) -> None:
    from .countermeasures import load_countermeasures, outline
    from .taxonomies import load_taxonomies

    if name:
        click.echo(outline(name, load_countermeasures(), LANG))
    for taxonomy in () if name else load_taxonomies().values():
        click.echo(f"{taxonomy.name:14}{taxonomy.words[LANG]}\n{'':14}{taxonomy.question[LANG]}")


@cli.command(
    help=said(
        "检查投诉库、规则、映射与配方是否有效。", "Say whether store, rules, profiles and recipes are valid."
    )
)
@asked_option
def check(store: str) -> None:
    from .book import open_book
    from .countermeasures import load_countermeasures
    from .intake.profile import all_profiles
    from .intake.store import check_store
    from .report.recipe import all_recipes
    from .rules import load_rules
    from .taxonomies import load_taxonomies

    problems = []
    for what, look in (
        (said("规则", "rules"), load_rules),
        (said("映射", "profiles"), all_profiles),
        (said("配方", "recipes"), all_recipes),
        (said("分类法", "taxonomies"), load_taxonomies),
        (said("对策目录", "countermeasures"), load_countermeasures),
        (
            said("投诉库", "store"),
            lambda: open_book(store) and [] if "://" in store else check_store(folder_of(store)),
        ),
    ):
        try:
            found = look()
            bad = found if what == said("投诉库", "store") else []
        except Trouble as trouble:
            bad = [trouble]
        problems += bad
        click.echo(f"{'✗' if bad else '✓'} {what}")
        for trouble in bad:
            click.echo(f"  {trouble.say(LANG)}")
    sys.exit(2 if problems else 0)


@cli.command(help=said("检查字体、内核与版本。", "Say whether fonts, kernel and versions are in order."))
def doctor() -> None:
    from .report.doctor import examine

    findings = examine()
    for fine, line in findings:
        click.echo(f"{'✓' if fine else '✗'} {line[LANG]}")
    sys.exit(0 if all(fine for fine, _ in findings) else 2)


@cli.command(
    help=said(
        "核对一份已交付的报告是否完整、未被改动。", "Check that a delivered report is whole and unchanged."
    )
)
@click.argument("folder", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    from .report.verify import verify as examine

    problems = examine(folder)
    for problem in problems:
        click.echo(f"✗ {problem.say(LANG)}")
    if not problems:
        click.echo(said("✓ 报告完整", "✓ the report is whole"))
    sys.exit(1 if problems else 0)


def progress(line: str) -> None:
    """What is being done now: one line on the terminal, overwritten by the next; nothing in a log or a pipe."""
    if sys.stderr.isatty():
        click.echo(
            f"\r{_WIPE}{cut(line, shutil.get_terminal_size((80, 24)).columns - 1)}", nl=False, err=True
        )


def shown(text: str) -> None:
    """A result, in the place of the line of progress."""
    if sys.stderr.isatty():
        click.echo(f"\r{_WIPE}", nl=False, err=True)
    click.echo(text)


_WIPE = "\x1b[K"  # the rest of the line goes
_MAKING = Words("正在生成示例公司的来源文件", "making the demo company's sources")
_NO_LANGUAGE = Words(
    "没有这种语言：“{unknown}”。可用 zh、en 或 zh,en", "no such language: “{unknown}”. Write zh, en or zh,en"
)
_NO_FOLDER = Words(
    "这里需要文件夹，而不是引擎的地址；complaintkit publish 把投诉库发布到引擎",
    "a folder is needed here, not the address of an engine; complaintkit publish puts a store into an engine",
)
_ONE_FOLDER = Words(
    "forms 只写一个文件夹；检查表单用 forms check 文件…",
    "forms writes into one folder; to check forms: forms check FILE ...",
)
_ONE_FORM = Words("--into 一次只存一份表单", "--into keeps one form at a time")
_MISTAKES = Words("✗ {file}：{m:int} 处错误", "✗ {file}: mistakes: {m:int}")
_NO_MISTAKE = Words("✓ {file}：{n:int} 行，没有错误", "✓ {file}: no mistake, rows: {n:int}")
_FILE = Words("不能读写 {name}（{why}）", "{name} cannot be read or written ({why})")


def main() -> None:
    """Run the command line; what the user can mend is said in their language, without a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.message = hidden(error.message)
        error.show()
        sys.exit(2)
    except Trouble as trouble:
        click.echo(hidden(trouble.say(LANG)), err=True)
        sys.exit(trouble.exit_code)
    except OSError as error:
        name = cut(Path(hidden(os.fsdecode(error.filename))).name, 60) if error.filename else "?"
        click.echo(_FILE.fill(LANG, name=name, why=os.strerror(error.errno or 0)), err=True)
        sys.exit(2)
    except Exception as error:
        if os.environ.get("COMPLAINTKIT_DEBUG"):
            raise
        text = said(
            f"内部错误（{type(error).__name__}）。设 COMPLAINTKIT_DEBUG=1 可看详情；详情可能含有个人信息。",
            f"internal error ({type(error).__name__}). COMPLAINTKIT_DEBUG=1 shows the details, which may hold personal data.",
        )
        click.echo(text, err=True)
        sys.exit(70)


if __name__ == "__main__":
    main()
