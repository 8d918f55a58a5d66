# Checks that every quotation of claims.json stands word for word in its document, and that the rules can be read.
#   python3 quotations_test.py SEEDS_FOLDER
import json
import pathlib
import sys

import verdict

HERE = pathlib.Path(__file__).resolve().parent


def main():
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("quotations_test: name the folder with the documents")
    wrong = 0
    for claim in json.loads((HERE.parent / "claims.json").read_text(encoding="utf-8")):
        document = (pathlib.Path(sys.argv[1]) / claim["document"]).read_text(encoding="utf-8")
        words = claim["quotation"]
        for line in [words] if isinstance(words, str) else words:
            if line not in document:
                print(f"claim {claim['id']}: {claim['document']} does not say: {line}")
                wrong += 1
        for rule in [*claim["rule"].values(), *([claim["sound"]["if"]] if "sound" in claim else [])]:
            verdict.evaluate(rule, {name: 1.0 for name in claim["figures"]})
    print("quotations: all found" if wrong == 0 else f"quotations: {wrong} not found")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
