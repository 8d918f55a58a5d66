# Pages in Markdown, HTML and CSV. Imports draw, judge, runs and base.
