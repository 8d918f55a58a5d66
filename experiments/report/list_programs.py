# Prints as JSON the checksums of the programs that a page is measured with.
#   ./python list_programs.py PAGE BUILD [PEERS]         BUILD and PEERS are the folders of what is built.
import json
import pathlib
import sys

from runs import programs

if __name__ == "__main__":
    print(json.dumps({"programs": programs.own(sys.argv[1], pathlib.Path(sys.argv[2])),
                      "peers": programs.all_peers(pathlib.Path(sys.argv[3])) if len(sys.argv) > 3 else {}}, indent=1))
