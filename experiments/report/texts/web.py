# Each report as HTML beside its Markdown: one file without external assets, for light and dark, phone and paper.
# Pictures are within the page, so that they take its colours and their words can be searched and read aloud.
import json
import re
from html import escape

from draw import palette, svg
from runs import repeat
from texts import markdown

# Declarations of shape: a light is told by its form as well as by its colour, and always stands beside its word.
CSS = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;color-scheme:light dark}
body{margin:0 auto;max-width:62rem;padding:1rem 1.25rem 4rem;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;overflow-wrap:break-word}
h1,h2,h3{line-height:1.25;text-wrap:balance}h1{font-size:1.9rem;margin:.6em 0 .5em}
h2{font-size:1.35rem;margin:2em 0 .6em;padding-bottom:.25em;border-bottom:1px solid var(--grid)}
h3{font-size:1.08rem;margin:1.8em 0 .5em}
p,li{max-width:46rem}
a{color:var(--link);text-underline-offset:.15em}a:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
code{font:.88em ui-monospace,"DejaVu Sans Mono",monospace;background:var(--panel);padding:.1em .3em;border-radius:4px}
pre{overflow-x:auto;background:var(--panel);padding:.8em 1em;border-radius:6px}pre code{padding:0;background:none}
blockquote{margin:1em 0;padding:.1em 1em;border-left:4px solid var(--grid);background:var(--panel)}
nav{font-size:.88rem;padding:.5rem 0;border-bottom:1px solid var(--grid)}
nav a{display:inline-block;margin:.15rem .8rem .15rem 0;padding:.15rem 0}nav a[aria-current]{color:var(--ink);font-weight:600;text-decoration:none}
.scroll{overflow-x:auto;margin:1em 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;line-height:1.4}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:top}
thead th{background:var(--panel);border-bottom:2px solid var(--soft)}tbody th{font-weight:500}
.number{text-align:right;white-space:nowrap}thead .number{white-space:normal;min-width:5.5rem}
figure{margin:1.5em 0}figure .scroll{margin:0;border:1px solid var(--grid);border-radius:8px}
figure svg{display:block;width:100%;min-width:640px;height:auto}
figcaption{font-size:.85rem;color:var(--soft);padding:.4rem 0}
.together{white-space:nowrap}
.light{display:inline-block;width:.8em;height:.8em;margin-right:.15em;border:2px solid var(--none);vertical-align:-.06em}
.light.holds{background:var(--holds);border-color:var(--holds);border-radius:50%}
.light.partly{background:linear-gradient(to top,var(--partly) 50%,transparent 50%);border-color:var(--partly);border-radius:50%}
.light.fails{background:var(--fails);border-color:var(--fails);transform:rotate(45deg) scale(.88)}
.light.close{background:radial-gradient(var(--partly) 35%,transparent 40%);border-color:var(--partly);border-radius:50%}
.light.none{border-radius:50%}.light.absent{border-radius:50%;border-style:dotted}
tr.holds td:nth-child(2){color:var(--holds)}tr.partly td:nth-child(2),tr.close td:nth-child(2){color:var(--partly)}tr.fails td:nth-child(2){color:var(--fails)}
tr[class] td:nth-child(2){font-weight:600;min-width:6.5rem}tr[class] td:first-child{padding-right:0}
tr.absent td:nth-child(2){font-weight:400;color:var(--soft)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{margin-top:3em;font-size:.85rem;color:var(--soft);border-top:1px solid var(--grid)}
@media (max-width:40rem){body{padding:.5rem .9rem 3rem}h1{font-size:1.5rem}th,td{padding:.3rem .5rem}}
@media print{body{max-width:none;padding:0;font-size:9.5pt;line-height:1.35}nav,footer{display:none}.scroll{overflow:visible}
h1{font-size:16pt;margin:0 0 .4em}h2{font-size:12pt;margin:1em 0 .3em}h3{font-size:10.5pt;margin:.8em 0 .2em}p,li{max-width:none;margin:.3em 0}
table{font-size:8pt}th,td{padding:.12rem .35rem}.number{white-space:normal}figure svg{min-width:0}figure{margin:.5em 0}
figure,tr,blockquote,h2,h3{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}}
@page{size:A4;margin:14mm}
"""


def sheet():
    """Style of the page and of all its pictures."""
    rules = re.sub(r"^\.chart\{.*?\}@media.*?\}\}", "", svg.style())  # The colours are the page's.
    return (f":root{{{palette.variables(0)}}}@media screen and (prefers-color-scheme:dark){{:root{{{palette.variables(1)}}}}}"
            f"{CSS}{rules}")


def picture_of(folder, name, home):
    """Gives the function that draws the pictures of a page, each with the way to its figures and to its code."""
    def picture(words, file):
        text = (folder / file).read_text(encoding="utf-8")
        text = re.sub(r"<style>.*?</style>\n?", "", text, flags=re.S).replace("<svg xmlns=\"http://www.w3.org/2000/svg\"", "<svg")
        ways = [f'<a href="{file}">picture</a>']
        data = folder / "data" / f"{name}.json"
        if data.exists():  # The summary's figures are on the pages that it names.
            command = repeat.command(json.loads(data.read_text(encoding="utf-8")))
            ways += [f'<a href="data/{name}.json">JSON</a>', f'<a href="data/{name}.csv">CSV</a>',
                     f'<a href="{home}/{name}">code</a>', f"<code>{escape(command)}</code>"]
        return (f'<figure><div class="scroll" tabindex="0" role="region" aria-label="{escape(words)}: picture">{text}</div>'
                f"<figcaption>{' · '.join(ways)}</figcaption></figure>")
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


def navigation(titles, current):
    parts = []
    for name, title in titles.items():
        here = ' aria-current="page"' if name == current else ""
        parts.append(f'<a href="{file_of(name)}"{here}>{escape(title)}</a>')
    return f'<nav aria-label="Reports">{"".join(parts)}</nav>'


def title_of(text):
    return re.match(r"# (.+)", text)[1]


def page(name, text, titles, picture):
    """The HTML of one report. `titles`: {name: title} of all of them."""
    body = linked(markdown.to_html(text, picture), titles)
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            f"<title>{escape(title_of(text))} · bifilar</title>\n<style>{sheet()}</style>\n</head>\n<body>\n"
            f"{navigation(titles, name)}\n<main>\n{body}\n</main>\n"
            f'<footer><p>Made by <code>experiments/run</code>; the same as Markdown: <a href="{name}.md">{name}.md</a>.</p></footer>\n'
            "</body>\n</html>\n")


def write(folder, names, home):
    """Writes the HTML of the reports `names`, whose Markdown and pictures are in `folder`; the first is the index."""
    texts = {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in names}
    titles = {name: title_of(text) for name, text in texts.items()}
    for name, text in texts.items():
        (folder / file_of(name)).write_text(page(name, text, titles, picture_of(folder, name, home)), encoding="utf-8")
