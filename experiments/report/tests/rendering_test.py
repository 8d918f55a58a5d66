# Looks at the rendered reports by script: nothing may be wider than a phone, no words of a picture may overlap or leave
# it, and all words must stand out from what is behind them, in light and dark.
#   ./python -m tests.rendering_test [--pictures FOLDER] [REPORTS_FOLDER]
# Without a folder it makes the reports anew from reports/data. Skips (77) where there is no Chromium.
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from base import places
from tests import browser

SKIPPED = 77
PHONE, DESK = 390, 1280
CHECK = r"""(() => {
  const problems = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) {
    const worst = [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre') &&
      e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + ': ' + e.textContent.slice(0, 60));
    problems.push(`is ${wide} px wide on ${innerWidth}: ${worst[0] || 'margins'}`);
  }
  for (const svg of document.querySelectorAll('svg')) {
    const name = svg.querySelector('title').textContent;
    const sheet = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    boxes.forEach(([words, box], i) => {
      if (box.left < sheet.left - 0.5 || box.right > sheet.right + 0.5 || box.bottom > sheet.bottom + 0.5)
        problems.push(`${name}: '${words}' leaves the picture`);
      for (const [others, other] of boxes.slice(i + 1))
        if (Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
            Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 3)
          problems.push(`${name}: '${words}' lies over '${others}'`);
    });
  }
  const parts = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = parts(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                          if (parts(c).length === 3 || parts(c)[3] > 0.99) return c; } return 'rgb(255,255,255)'; };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || e.closest('style, title, desc, .hidden')) continue;
    const drawn = e.closest('svg');
    const front = drawn ? getComputedStyle(e).fill : getComputedStyle(e).color;
    const back = drawn ? getComputedStyle(drawn.querySelector('.page')).fill : behind(e);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const key = e.tagName + front + back;
    if (!(ratio >= 4.5) && !seen.has(key)) {
      seen.add(key);
      problems.push(`contrast ${ratio.toFixed(2)} of ${front} on ${back}: '${walker.currentNode.textContent.trim().slice(0, 40)}'`);
    }
  }
  return problems;
})()"""


# A page on which each of the checks must find something.
WRONG = """<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width"></head>
<body style="background:#fff"><p style="width:900px">wide</p><p style="color:#999">pale</p>
<svg class="chart" width="300" height="100"><title>T</title><rect class="page" width="300" height="100" style="fill:#fff"/>
<text x="10" y="20">one text</text><text x="20" y="22">another</text><text x="280" y="60">leaves</text></svg></body></html>"""


def check_the_checks(window, folder):
    page = folder / "wrong.html"
    page.write_text(WRONG, encoding="utf-8")
    window.open(page, PHONE, 844)
    found = "\n".join(window.run(CHECK))
    for words in (f"px wide on {PHONE}", "contrast", "lies over", "leaves the picture"):
        if words not in found:
            sys.exit(f"rendering_test: on a page that is wrong the check did not say '{words}', but: {found}")


def look(window, page, options):
    problems = []
    for width in (PHONE, DESK):
        for scheme in ("light", "dark"):
            window.open(page, width, 844 if width == PHONE else 900, scheme)
            problems += [f"{page.name}, {width} px, {scheme}: {one}" for one in window.run(CHECK)]
            if options.pictures:
                window.picture(options.pictures / f"{page.stem}-{width}-{scheme}.png", whole=True)
    return problems


def sheets(window, page, folder):
    """How many sheets of paper it takes."""
    window.open(page, medium="print")
    window.call("Emulation.setEmulatedMedia", media="", features=[])
    window.paper(folder / "page.pdf")
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", (folder / "page.pdf").read_bytes()))


def main():
    parser = argparse.ArgumentParser(description="Looks at the rendered reports by script.")
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for pictures of all pages")
    parser.add_argument("reports", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    if not browser.found():
        print("skipped: this machine has no Chromium; 'apt-get install chromium' would bring it")
        sys.exit(SKIPPED)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bifilar-reports-") as made:
        folder = options.reports
        if folder is None:
            folder = pathlib.Path(made)
            subprocess.run([sys.executable, places.REPORT / "make.py", "--data", places.ROOT / "reports" / "data", "--out", folder],
                           check=True, stderr=subprocess.DEVNULL)
        pages = sorted(folder.glob("*.html"))
        if not pages:
            sys.exit(f"rendering_test: {folder} has no HTML; make it with experiments/report/make.py")
        with browser.browser() as window, tempfile.TemporaryDirectory(prefix="bifilar-wrong-") as wrong:
            check_the_checks(window, pathlib.Path(wrong))
            problems = [one for page in pages for one in look(window, page, options)]
            for page in pages:
                if page.stem == "summary" and (count := sheets(window, page, pathlib.Path(wrong))) > 2:
                    problems.append(f"{page.name}: takes {count} sheets of paper, and should take two")
    print("\n".join(problems))
    print(f"{len(pages)} pages looked at, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
