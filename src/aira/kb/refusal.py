"""Why a file cannot be taken into the knowledge base, as stable codes with a sentence each and what to do about it."""

from aira.errors import DocumentRefused, VendorError

REASONS: dict[str, tuple[str, str]] = {
    "empty": ("The file holds no text.", "Check that the right file was chosen."),
    "no_text_layer": (
        "There is no text in this PDF to read; its pages are pictures or empty.",
        "Export the document as a PDF with text, or set AIRA_OCR=tesseract and add it again.",
    ),
    "encrypted": ("The file is protected by a password.", "Save a copy without a password and add that."),
    "corrupt": ("The file is damaged or is not what its name says.", "Open it, save it again, and add the new file."),
    "unsupported": ("Files of this kind cannot be read.", "Save it as PDF, DOCX, TXT, Markdown, HTML or CSV and add that."),
    "too_large": ("The file is larger than what is read.", "Split it into smaller files and add those."),
    "too_complex": (
        "Reading the file takes more memory than it may.",
        "Export the document anew as a plain PDF or text file and add that.",
    ),
    "timeout": ("Reading the file takes too long.", "Export the document anew as a plain PDF or text file, or split it."),
}


def refusal(code: str, sentence: str | None = None) -> DocumentRefused:
    """The refusal with this code; `sentence` says it more exactly than the code's own."""
    standard, hint = REASONS[code]
    return DocumentRefused(sentence or standard, hint=hint, code=code)


def interrupted() -> VendorError:
    """Its reader was told to stop; the file is as good as it was."""
    return VendorError("Reading was interrupted.", code="interrupted", hint="Run the same command again, or leave it to `aira worker`.")
