# Tables in Markdown, of rows of cells, the head first.


def table(rows):
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(head))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def table_of_words(rows):
    """With all columns to the left."""
    return table(rows).replace("---:", "---")
