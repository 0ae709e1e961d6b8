"""Bring the gettext catalogues up to date with the texts in templates/ and widget/:
`make catalogue`.

    tools/catalogue.py       all catalogues that are there
    tools/catalogue.py de    these and a new one, with every text still to be translated

New texts get an empty translation and texts that are gone are dropped; tests/test_templates.py
holds them complete.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "widget" / "locale"
HEADER = "# Texts of the widget. `make catalogue` adds new ones with an empty translation."
# Header lines that hold babel's version and the date; they would change with every run.
PLACEHOLDERS = re.compile(
    r'^"(?:Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By): .*\n',
    re.M,
)


def main(new: list[str]) -> None:
    template = current_texts()
    for language in sorted({*new, *(folder.name for folder in LOCALE.iterdir())}):
        path = LOCALE / language / "LC_MESSAGES" / "messages.po"
        catalogue = Catalog(
            locale=language, project="WhatsApp in the card", version="", header_comment=HEADER, fuzzy=False
        )
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        written = BytesIO()
        write_po(written, catalogue, include_lineno=False, sort_by_file=True, width=120)
        path.write_text(PLACEHOLDERS.sub("", written.getvalue().decode()))


def current_texts() -> Catalog:
    """Every text of the templates and the code."""
    catalogue = Catalog()
    for folder, pattern, method in (("templates", "**.html", "jinja2"), ("widget", "**.py", "python")):
        found = extract_from_dir(str(ROOT / folder), [(pattern, method)], {"**.html": {"trimmed": "true"}})
        for filename, _line, message, comments, context in found:
            catalogue.add(message, None, [(f"{folder}/{filename}", 0)], auto_comments=comments, context=context)
    return catalogue


if __name__ == "__main__":
    main(sys.argv[1:])
