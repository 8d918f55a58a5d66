# Each report as HTML beside its Markdown: one file without external assets, for light and dark, phone and paper.
# Pictures are within the page, so that they take its colours and their words can be searched and read aloud.
import json
import re

from draw import palette, svg
from runs import repeat
from texts import markdown, templates


def sheet():
    """Style of the page and of all its pictures."""
    css = templates.source("page.css").partition("*/")[2]  # Without its head comment.
    rules = re.sub(r"^\.chart\{.*?\}@media.*?\}\}", "", svg.style())  # The colours are the page's.
    return (f":root{{{palette.variables(0)}}}@media screen and (prefers-color-scheme:dark){{:root{{{palette.variables(1)}}}}}"
            f"{css}{rules}")


def picture_of(folder, name, home):
    """Gives the function that draws the pictures of a page, each with the way to its figures and to its code."""
    def picture(words, file):
        text = (folder / file).read_text(encoding="utf-8")
        text = re.sub(r"<style>.*?</style>\n?", "", text, flags=re.S).replace("<svg xmlns=\"http://www.w3.org/2000/svg\"", "<svg")
        data = folder / "data" / f"{name}.json"  # The summary's figures are on the pages that it names.
        again = repeat.command(json.loads(data.read_text(encoding="utf-8"))) if data.exists() else ""
        return templates.rendered("figure.html.jinja", words=words, svg=templates.markup(text), file=file, name=name, home=home, again=again)
    return picture


def file_of(name):
    """index.html is what a browser opens in a folder, README.md what GitHub shows."""
    return "index.html" if name == "README" else f"{name}.html"


def linked(html, names):
    """Links between the reports lead from HTML to HTML."""
    def way(found):
        stem, anchor = found[1], found[2] or ""
        return f'href="{file_of(stem)}{anchor}"' if stem in names else found[0]
    return re.sub(r'href="([\w-]+)\.md(#[\w-]+)?"', way, html).replace('">machine.md</a>', '">the machine</a>')


def title_of(text):
    return re.match(r"# (.+)", text)[1]


def page(name, text, titles, picture):
    """The HTML of one report. `titles`: {name: title} of all of them."""
    pages = [{"name": one, "file": file_of(one), "title": words} for one, words in titles.items()]
    return templates.rendered("page.html.jinja", name=name, title=title_of(text), sheet=templates.markup(sheet()), pages=pages,
                              body=templates.markup(linked(markdown.to_html(text, picture), titles)))


def write(folder, names, home):
    """Writes the HTML of the reports `names`, whose Markdown and pictures are in `folder`; the first is the index."""
    texts = {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in names}
    titles = {name: title_of(text) for name, text in texts.items()}
    for name, text in texts.items():
        (folder / file_of(name)).write_text(page(name, text, titles, picture_of(folder, name, home)), encoding="utf-8")
