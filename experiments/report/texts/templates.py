# The pages' templates, in the folder of this name: Jinja2, which Debian has as python3-jinja2. Markdown and HTML that is
# nothing but structure stands there; figures and their sentences are made here and handed to it.
#
# What else Debian has for such reports is not used: python3-scipy (a rank test) and python3-matplotlib (pictures) bring
# libboost1.74-dev with them, which cannot be installed beside the libboost1.81-dev that the library is built with.
import pathlib
import sys

from base import numbers
from texts import markdown_table

try:
    import jinja2
    import markupsafe
except ModuleNotFoundError:
    raise SystemExit(f"{sys.executable} has no Jinja2: start this as experiments/report/python, and install python3-jinja2") from None

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(pathlib.Path(__file__).with_suffix("")), undefined=jinja2.StrictUndefined,
    autoescape=lambda name: name is not None and ".html" in name, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
ENVIRONMENT.filters.update(shown=numbers.shown, percent=numbers.percent, table=markdown_table.table,
                           table_of_words=markdown_table.table_of_words)


def rendered(template, **words):
    """The template's text. What it names and is not among `words` is an error."""
    return ENVIRONMENT.get_template(template).render(**words)


def source(name):
    """The text of a file that lies beside the templates and is none."""
    return ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0]


def markup(text):
    """Text that is HTML already, for a template of HTML."""
    return markupsafe.Markup(text)
