# Which runs measured the pages: of which commit and when. Reports of before this was noted say nothing of it.

SHORT = 10  # Digits of a commit that are shown.


def date(report):
    """When it was measured: "2026-01-02 03:04 UTC"; texts sort as times do."""
    return report["machine"]["date"]


def span(reports):
    """From the first page to the last: "… to …", or the one date."""
    dates = sorted(date(report) for report in reports.values())
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"


def days(reports):
    """As span(), without the hours."""
    first, last = (sorted(date(report) for report in reports.values())[at].split()[0] for at in (0, -1))
    return first if first == last else f"{first} to {last}"


def name(report):
    return report.get("run", {}).get("id")


def code(report):
    """The commit that was measured, in words; empty where it is not noted."""
    run = report.get("run", {})
    if "commit" not in run:
        return ""
    return f"`{run['commit'][:SHORT]}`" + (f", with changes to {', '.join(run['differs'])}" if run.get("differs") else "")


def groups(reports):
    """[(name or None, code, its pages)] of the runs, the newest first and those without a name last. A run that was
    resumed after a commit is there once for each."""
    found = {}
    for page_name, report in reports.items():
        found.setdefault((name(report), code(report)), []).append(page_name)

    def newest(entry):
        return entry[0][0] is not None, max(date(reports[one]) for one in entry[1])
    return [(run, measured, pages) for (run, measured), pages in sorted(found.items(), key=newest, reverse=True)]


def links(names):
    return ", ".join(f"[{one}]({one}.md)" for one in names)


def sentence(reports):
    """For the index: when the pages were measured, which run and commit most are of, and which are of others."""
    (run, measured, names), *others = sorted(groups(reports), key=lambda entry: -len(entry[2]))
    when = f"Measured {'at' if len(set(map(date, reports.values()))) == 1 else 'from'} {span(reports)}"
    if run is None:
        return f"{when}; which runs and commits these pages are of is not noted."
    of = f"run {run}, of {'a commit that is not known' if not measured else 'commit ' + measured}"
    if not others:
        return f"{when}, in one run: {of}."
    parts = [f"{links(pages)}, " + ("whose run is not noted" if other is None else
             f"of {'the same run' if other == run else f'run {other}'}, {f'commit {at}' if at else 'of a commit that is not known'}")
             for other, at, pages in others]
    return f"{when}. {len(names)} of {len(reports)} pages are of {of}; not of it: {'; '.join(parts)}."


def failures(reports):
    """A line for each page that does not say all that the last run was to measure."""
    lines = [f"> A later run failed to measure [{one}]({one}.md) ({report['failed_since']['began']}, run {report['failed_since']['id']}: "
             f"{report['failed_since']['why']}). Its figures are older: {date(report)}."
             for one, report in reports.items() if "failed_since" in report]
    return lines + [f"> [{one}]({one}.md) lacks facts, because a step after its measuring failed: {', '.join(report['run']['without'])}."
                    for one, report in reports.items() if report.get("run", {}).get("without")]


HEAD = ["run", "commit", "measured", "pages"]


def rows(reports, pages):
    """Of a table under HEAD. `pages`: how the names of a run's pages are told."""
    return [[run or "not noted", measured or "not noted", span({one: reports[one] for one in names}), pages(names)]
            for run, measured, names in groups(reports)]


def spaced(lines):
    """With an empty line behind each."""
    return [part for line in lines for part in (line, "")]
