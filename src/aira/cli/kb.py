"""`aira kb`: the documents that callers are answered from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, Json, MaybeBusiness, Yes

if TYPE_CHECKING:
    from aira.core import Aira
    from aira.errors import AiraError
    from aira.model import Document

app = typer.Typer()

COLUMNS = ("file_name", "processing_status", "chunk_count", "pages_with_text", "pages_total", "error_code", "id")
HIT_COLUMNS = ("score", "file_name", "page", "heading", "text")
CHECK_COLUMNS = ("file_name", "chunks", "windows", "vectors", "ok", "problem")

Which = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id, or file name with --business.")]


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(help="PDF, DOCX, text, Markdown, HTML or CSV files, or folders of them.")],
    business: Business,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the reading to `aira worker`.")] = False,
    json: Json = False,
) -> None:
    """Add files, or newer versions of files of the same name, and read them.

    The same file again is no work. What was read before an interruption is not read again. Exits 8 where some could not be read.

    Example:
      $ aira kb add prices.md --business "Bella Hair"
    """
    from aira.core import open_aira

    with open_aira() as aira:
        paths = _expanded(files)
        documents: list[Document] = []
        refused: list[AiraError] = []
        for position, path in enumerate(paths, 1):
            render.note(f"{position}/{len(paths)} {path.name}")
            _add(aira, path, business, documents, refused, wait=not no_wait)
    render.emit_list(documents, json=json, columns=COLUMNS)
    _report(refused, of=len(paths))


@app.command(name="list")
def list_(business: MaybeBusiness = None, json: Json = False) -> None:
    """List documents and how far each has come.

    Example:
      $ aira kb list --business "Bella Hair"
    """
    from aira.core import list_documents, open_aira

    with open_aira() as aira:
        render.emit_list(list_documents(aira, business=business), json=json, columns=COLUMNS, empty="No documents yet: `aira kb add FILE`.")


@app.command()
def show(document: Which, business: MaybeBusiness = None, json: Json = False) -> None:
    """Show all about one document; of one that failed, why and what to do.

    Example:
      $ aira kb show parking.md --business "Bella Hair"
    """
    from aira.core import find_document, open_aira

    with open_aira() as aira:
        render.emit(find_document(aira, document, business=business), json=json)


@app.command()
def retry(document: Which, business: MaybeBusiness = None, json: Json = False) -> None:
    """Read a document again, here and now.

    Example:
      $ aira kb retry parking.md --business "Bella Hair"
    """
    from aira.core import await_document, open_aira, retry_document

    with open_aira() as aira:
        waiting = retry_document(aira, document, business=business)
        render.emit(await_document(aira, waiting.id), json=json)


@app.command()
def remove(document: Which, business: MaybeBusiness = None, yes: Yes = False, json: Json = False) -> None:
    """Remove a document; nothing of it is found any more.

    Example:
      $ aira kb remove parking.md --business "Bella Hair" --yes
    """
    from aira.core import find_document, open_aira, remove_document

    with open_aira() as aira:
        found = find_document(aira, document, business=business)
        render.confirm(f"Remove {found.file_name}?", yes=yes)
        render.emit(remove_document(aira, found.id), json=json, columns=COLUMNS)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A question as a caller would ask it.")],
    business: Business,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="How many passages.")] = 5,
    json: Json = False,
) -> None:
    """Search as the bot does: the passages that answer a question, or that none does.

    Example:
      $ aira kb search "Where can I park?" --business "Bella Hair"
    """
    from aira.core import open_aira, search_knowledge

    with open_aira() as aira:
        found = search_knowledge(aira, query, business=business, limit=limit)
    if json:
        render.emit(found, json=True)
        return
    hits = [{**render.as_plain(hit), "score": f"{hit.score:.2f}"} for hit in found.hits]
    render.emit_list(hits, json=False, columns=HIT_COLUMNS)
    if not found.answerable:
        render.note("Nothing here answers that; a caller would be offered to leave a message.")


@app.command()
def verify(business: MaybeBusiness = None, json: Json = False) -> None:
    """Compare what is stored of each document with what its row says.

    Example:
      $ aira kb verify
    """
    from aira.core import open_aira, verify_documents
    from aira.errors import PartlyDone

    with open_aira() as aira:
        checks = verify_documents(aira, business=business)
    render.emit_list(checks, json=json, columns=CHECK_COLUMNS, empty="No document can be searched yet.")
    wrong = [check.file_name for check in checks if not check.ok]
    if wrong:
        raise PartlyDone(f"Not wholly in the index: {', '.join(wrong)}.", hint="Run `aira kb retry DOCUMENT` for each.")


def _expanded(files: list[Path]) -> list[Path]:
    from aira.core import readable_files
    from aira.errors import NotFound

    paths = [path for given in files for path in (readable_files(given) if given.is_dir() else [given])]
    if not paths:
        raise NotFound("There is no file of a kind that can be read in there.", hint="Give PDF, DOCX, text, Markdown, HTML or CSV files.")
    return paths


def _add(aira: "Aira", path: Path, business: str, documents: "list[Document]", refused: "list[AiraError]", *, wait: bool) -> None:
    from aira.core import add_document, await_document, find_document
    from aira.errors import DocumentRefused

    try:
        added = add_document(aira, path, business=business)
    except DocumentRefused as refusal:
        refused.append(refusal)
        return
    try:
        documents.append(await_document(aira, added.id) if wait else added)
    except DocumentRefused as refusal:
        refused.append(refusal)
        documents.append(find_document(aira, added.id))


def _report(refused: "list[AiraError]", *, of: int) -> None:
    from aira.errors import PartlyDone

    if refused and of == 1:
        raise refused[0]
    if refused:
        codes = ", ".join(sorted({one.reason for one in refused}))
        raise PartlyDone(
            f"{len(refused)} of {of} files could not be read ({codes}).",
            hint="Run `aira kb list` for which, and `aira kb show DOCUMENT` for why.",
        )
