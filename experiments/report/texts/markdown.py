# Turns the Markdown that the reports use into HTML: headings, paragraphs, quotations, lists, tables, pictures, links,
# code, bold. What it does not know stays text; nothing of the text becomes markup by accident.
import re
from html import escape

PICTURE = re.compile(r"^!\[([^\]]*)\]\(([^)]+)\)$")
RULE = re.compile(r"^\|?[ :|-]+\|[ :|-]*$")
# What the index and the headings of verdicts begin with, as an element that needs no glyph of any font.
LIGHTS = {"🟢": "holds", "🟡": "partly", "🔴": "fails", "⚪": "none", "⚫": "absent", "🟠": "close"}
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$')


def light(sign):
    return f'<span class="light {LIGHTS[sign]}" aria-hidden="true"></span>'


def plain(words):
    """Text outside of code: bold, links, line breaks, lights."""
    words = escape(words, quote=False).replace("&lt;br&gt;", "<br>")
    words = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", words)
    words = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r'<a href="\2">\1</a>', words)
    # A light stays on the line of the word behind it.
    return re.sub(f"({'|'.join(LIGHTS)}) ?(<a [^>]*>[^<]*</a>|[^ <]*)",
                  lambda sign: f'<span class="together">{light(sign[1])} {sign[2]}</span>', words)


def inline(words):
    """Code spans are kept as they are; what is between them is text, in which bold may go across a span."""
    spans = []

    def keep(found):
        spans.append(f"<code>{escape(found[2].strip(), quote=False)}</code>")
        return f"\x00{len(spans) - 1}\x00"
    words = re.sub(r"(`+)(.+?)\1(?!`)", keep, words)
    return re.sub("\x00(\\d+)\x00", lambda found: spans[int(found[1])], plain(words))


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def row(line, sides, kind):
    """A table's row. The first cell of a body's row is its heading; behind a light and its word it is the third."""
    parts, words = [], cells(line)
    classes = LIGHTS.get(words[0]) if words else None
    head = 2 if classes else 0
    for i, cell in enumerate(words):
        side = ' class="number"' if i < len(sides) and sides[i] else ""
        if kind == "th":
            parts.append(f'<th scope="col"{side}>{inline(cell) or "<span class=hidden>what</span>"}</th>')
        elif i == head:
            parts.append(f'<th scope="row"{side}>{inline(cell)}</th>')
        else:
            parts.append(f"<td{side}>{inline(cell)}</td>")
    return f'<tr{f" class={chr(34)}{classes}{chr(34)}" if classes else ""}>{"".join(parts)}</tr>'


def table(lines, label):
    """Within a box of its own, which scrolls where the page is narrow and can be reached by the keyboard."""
    sides = [cell.endswith(":") for cell in cells(lines[1])]
    body = "".join(row(line, sides, "td") for line in lines[2:])
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}: table"><table><thead>'
            f"{row(lines[0], sides, 'th')}</thead><tbody>{body}</tbody></table></div>")


def block(lines, state):
    """One run of lines without an empty one among them."""
    first = lines[0]
    if anchor := ANCHOR.match(first):
        state["anchor"] = anchor[1]
        return block(lines[1:], state) if len(lines) > 1 else ""
    if heading := re.match(r"^(#{1,6}) (.+)$", first):
        level, words = len(heading[1]), heading[2]
        state["label"] = re.sub(r"[^\w ,.:()@·-]", "", words).strip()
        name = state.pop("anchor", None) or re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
        rest = block(lines[1:], state) if len(lines) > 1 else ""
        return f'<h{level} id="{escape(name)}">{inline(words)}</h{level}>\n{rest}'
    if picture := PICTURE.match(first):
        rest = block(lines[1:], state) if len(lines) > 1 else ""
        return state["picture"](picture[1], picture[2]) + rest
    if len(lines) > 1 and first.startswith("|") and RULE.match(lines[1]):
        return table(lines, state["label"])
    if first.startswith(">"):
        return f"<blockquote><p>{inline(' '.join(line.lstrip('> ') for line in lines))}</p></blockquote>"
    for mark, tag in ((r"^[-*] ", "ul"), (r"^\d+\. ", "ol")):
        if re.match(mark, first):
            items = re.split(r"\n(?=" + mark[1:] + ")", "\n".join(lines))
            return f"<{tag}>" + "".join(f"<li>{inline(re.sub(mark, '', item).replace(chr(10), ' '))}</li>" for item in items) + f"</{tag}>"
    return f"<p>{inline(' '.join(lines))}</p>"


def to_html(text, picture):
    """`picture`: gives the HTML of a picture, from its words and its file."""
    state, parts, code = {"label": "", "picture": picture}, [], None
    for run in re.split(r"\n\s*\n", text.strip("\n")):
        lines = run.split("\n")
        if code is not None or lines[0].startswith("```"):  # A block of code may have empty lines.
            code = [*(code or []), *([""] if code else []), *lines]
            if code[-1].startswith("```") and len(code) > 1:
                parts.append(f"<pre><code>{escape(chr(10).join(code[1:-1]), quote=False)}</code></pre>")
                code = None
            continue
        parts.append(block(lines, state))
    return "\n".join(part for part in parts if part)
