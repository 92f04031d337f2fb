"""`aira kb`: the documents that callers are answered from."""

from pathlib import Path
from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, Json, MaybeBusiness, Yes

app = typer.Typer()

COLUMNS = ("file_name", "processing_status", "chunk_count", "pages_total", "pages_with_text", "error_code", "id")
HIT_COLUMNS = ("score", "file_name", "page", "heading", "text")
CHECK_COLUMNS = ("file_name", "ok", "chunks", "windows", "vectors", "problem", "document_id")

Document = Annotated[str, typer.Argument(help="Id, or with --business the file's name.")]


@app.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="PDF, DOCX, TXT, Markdown, HTML or CSV; folders and patterns too.")
    ],
    business: Business,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Read them now, or leave that to a worker.")] = True,
    json: Json = False,
) -> None:
    """Add documents, or replace those of the same name.

    A file that was added before is no work, so that what was interrupted is finished by the same command. In a pattern in quotes
    `**` is any depth of folders. With --json, one file gives its document; several, a folder or a pattern give their documents and
    how many of them failed.

    Example:
      $ aira kb add prices.md --business "Bella Hair"
    """
    from aira.cli.kb_upload import chosen_files, upload
    from aira.core.app import open_aira

    chosen = chosen_files(files)
    with open_aira() as aira:
        summary = upload(aira, chosen, business=business, wait=wait)
        if len(files) == 1 and chosen == files:
            summary.raise_first()
            render.emit(summary.documents[0], json=json, columns=COLUMNS)
        elif json:
            render.print_json(summary.as_dict())
        else:
            render.emit_list(summary.rows(), json=False, columns=("file_name", "processing_status", "chunk_count", "error_code", "detail"))
        summary.raise_partly()


@app.command(name="list")
def list_(business: MaybeBusiness = None, json: Json = False) -> None:
    """List the documents and how far they have come.

    Example:
      $ aira kb list --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.documents import list_documents

    with open_aira() as aira:
        shown = render.fitting(COLUMNS, on_terminal=COLUMNS[:-1])
        render.emit_list(list_documents(aira, business=business), json=json, columns=shown, empty="No documents yet.")


@app.command()
def show(document: Document, business: MaybeBusiness = None, json: Json = False) -> None:
    """Show a document: its state, why it failed, what of it is searched.

    Example:
      $ aira kb show prices.md --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.documents import find_document

    with open_aira() as aira:
        render.emit(find_document(aira, document, business=business), json=json)


@app.command()
def retry(
    document: Document,
    business: MaybeBusiness = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Read it now, or leave that to a worker.")] = True,
    json: Json = False,
) -> None:
    """Read a document again.

    Example:
      $ aira kb retry prices.md --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.documents import await_document, retry_document

    with open_aira() as aira:
        found = retry_document(aira, document, business=business)
        render.emit(await_document(aira, found.id) if wait else found, json=json, columns=COLUMNS)


@app.command()
def remove(document: Document, business: MaybeBusiness = None, yes: Yes = False, json: Json = False) -> None:
    """Remove a document; callers hear nothing of it any more.

    Example:
      $ aira kb remove prices.md --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.documents import find_document, remove_document

    with open_aira() as aira:
        found = find_document(aira, document, business=business)
        render.confirm(f"Remove {found.file_name} for good?", yes=yes)
        render.emit(remove_document(aira, found.id), json=json, columns=("file_name", "id"))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A question, as a caller would ask it.")],
    business: Business,
    limit: Annotated[int, typer.Option("--limit", help="Passages at most.")] = 5,
    words: Annotated[int | None, typer.Option("--words", help="Words at most, all passages together.")] = None,
    json: Json = False,
) -> None:
    """Ask the documents what the bot would ask them.

    Says whether they answer the question at all; if not, the passages are only the nearest there are.

    Example:
      $ aira kb search "How much is a colour treatment?" --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.knowledge import search_knowledge

    with open_aira() as aira:
        found = search_knowledge(aira, query, business=business, limit=limit, budget_words=words)
        if json:
            render.emit(found, json=True)
            return
        render.note("The documents answer this." if found.answerable else "The documents do not answer this.")
        render.emit_list(found.hits, json=False, columns=HIT_COLUMNS)


@app.command()
def reindex(
    business: Business,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Read them now, or leave that to a worker.")] = True,
    json: Json = False,
) -> None:
    """Read those documents again that were read with another embedding model or cut otherwise.

    Example:
      $ aira kb reindex --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.documents import await_document, reindex_documents

    with open_aira() as aira:
        documents = reindex_documents(aira, business=business)
        documents = [await_document(aira, one.id) for one in documents] if wait else documents
        shown = render.fitting(COLUMNS, on_terminal=COLUMNS[:-1])
        render.emit_list(documents, json=json, columns=shown, empty="Every document is up to date.")


@app.command()
def verify(business: MaybeBusiness = None, json: Json = False) -> None:
    """Compare what is stored of each document with what its row says.

    Exits 8 where something is missing.

    Example:
      $ aira kb verify
    """
    from aira.core.app import open_aira
    from aira.core.documents import verify_documents
    from aira.errors import PartlyDone

    with open_aira() as aira:
        checks = verify_documents(aira, business=business)
        shown = render.fitting(CHECK_COLUMNS, on_terminal=CHECK_COLUMNS[:-1])
        render.emit_list(checks, json=json, columns=shown, empty="No documents yet.")
        wrong = sum(not check.ok for check in checks)
        if wrong:
            raise PartlyDone(
                f"{wrong} of {len(checks)} documents are not stored whole.", hint="Run `aira kb retry DOCUMENT` for each of them."
            )


@app.command()
def gc(business: MaybeBusiness = None, json: Json = False) -> None:
    """Remove vectors that no document searches: of dead readers, and of documents removed beside AiRa.

    Example:
      $ aira kb gc
    """
    from aira.core.app import open_aira
    from aira.core.documents import collect_garbage

    with open_aira() as aira:
        render.emit({"removed": collect_garbage(aira, business=business)}, json=json)


@app.command()
def announce(
    on: Annotated[bool, typer.Option("--on/--off", help="Begin or end it.")] = True,
    json: Json = False,
) -> None:
    """Let the database tell the voice server of uploads over HTTP, where it has the extension pg_net.

    The server must be reachable at VOICE_AGENT_SERVICE_URL and know AIRA_WEBHOOK_SECRET. Without the extension the job queue
    alone does the work, which is all the same to callers.

    Example:
      $ aira kb announce --off
    """
    from aira.core.app import open_aira
    from aira.core.documents import announce_documents

    with open_aira() as aira:
        has_pg_net = announce_documents(aira, on=on)
        if not has_pg_net:
            render.note("This database has no pg_net; nothing is installed and the job queue does the work.")
        render.emit({"announced": has_pg_net and on, "pg_net": has_pg_net}, json=json)
