"""The table of framing_table.txt against http_server, and against nginx where it is installed.
framing.py PROGRAM TABLE [--backend B] [--driver D] [--record]

Each request goes over a connection of its own, with another behind it; the statuses that come back say what the server
took for a request. Ends with 1 where an answer is not the one of the table, or is not what the RFC demands. --record
writes the answers into the table."""
import argparse
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NEXT = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
NGINX = """
daemon off; master_process off; pid {0}/pid; error_log {0}/log; worker_rlimit_nofile 512;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d;
  scgi_temp_path {0}/e; keepalive_timeout 20; client_header_timeout 20; client_body_timeout 20;
  proxy_ignore_client_abort on;
  server {{ listen unix:{0}/behind; location / {{ return 200 ok; }} }}
  server {{
    listen unix:{0}/front; default_type text/plain;
    location = / {{ if ($request_method !~ ^(GET|HEAD)$) {{ return 405; }} return 200 hello; }}
    location = /echo {{ if ($request_method != POST) {{ return 405; }} proxy_pass http://unix:{0}/behind:/; }}
    location / {{ return 404; }}
  }}
}}
"""


def bytes_of(text):
    """The request of a row: its repetitions, then its escapes."""
    text = re.sub(r"\{([^{}]+)\*(\d+)\}", lambda found: found[1] * int(found[2]), text)
    return text.encode().decode("unicode_escape").encode("latin-1")


def talk(address, request):
    """All that is answered to the request and the next one; None: the server neither answers nor closes."""
    to = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    with to:
        to.settimeout(20)
        to.connect(address)
        text = b""
        try:
            to.sendall(request + NEXT)
            to.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # What was answered before can be read.
        try:
            while more := to.recv(65536):
                text += more
        except socket.timeout:
            return None
        except ConnectionResetError:
            pass
        return text


def statuses(text):
    """The final statuses of a row of answers."""
    found = []
    while text:
        head, end, rest = text.partition(b"\r\n\r\n")
        if not end or not re.match(rb"HTTP/1\.[01] \d{3}", head):
            return found + ["?"]  # An answer without a head, as HTTP/0.9 has it, or half of one.
        status = head[9:12].decode()
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        size = int(length[1]) if length else 0
        if b"chunked" in head:
            size = rest.find(b"0\r\n\r\n") + 5
        text = rest if rest.startswith(b"HTTP/1.") else rest[size:]  # To HEAD there is no body.
        if status != "100":
            found.append(status)
    return found


def answer(address, request):
    text = talk(address, request)
    return "hangs" if text is None else " ".join(statuses(text)) or "-"


REFUSALS = {"400", "411", "413", "414", "417", "431", "501", "505"}


def meets(demand, got):
    """Whether an answer is what is demanded."""
    rows = got.split()
    one = len(rows) == 1 and rows[0] != "hangs"
    return any({"accept": len(rows) == 2 and rows[0] not in REFUSALS and rows[1] == "404",
                "refuse": got == "-" or (one and rows[0] in REFUSALS | {"404", "405"}),
                "400": got == "400",
                "last": one}[way] for way in demand.split("|"))


class Server:
    def __init__(self, words, folder=None):
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        if folder:
            self.address = folder + "/front"
            while not pathlib.Path(self.address).exists():
                if self.process.poll() is not None:
                    sys.exit("nginx does not start: " + pathlib.Path(folder + "/log").read_text())
                time.sleep(0.01)
        else:
            host, port = self.process.stdout.readline().split()[-1].rsplit(":", 1)
            self.address = (host, int(port))

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT if isinstance(self.address, tuple) else signal.SIGTERM)
        if self.process.wait(timeout=60) != 0:
            sys.exit("a server ended with code %d" % self.process.returncode)


def check(lines, column, of, address, record):
    """Compares a column with what a server answers, or fills it; counts what differs."""
    differ = 0
    for row in lines:
        got = answer(address, bytes_of(row[0]))
        if record:
            row[column] = got
        elif got != row[column]:
            differ += 1
            print(f"{of} answers '{got}', the table says '{row[column]}': {row[0]}")
        word, _, demand = row[1].partition(" ")
        if column == 2 and demand and not meets(demand, got):
            differ += 1
            print(f"{of} answers '{got}', {word} {demand}: {row[0]} ({row[4]})")
    return differ


def nginx_version():
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"):
        return ""
    said = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True).stderr
    return said.rpartition("/")[2].strip()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("table")
    options.add_argument("--backend", default="stackless")
    options.add_argument("--driver", default="best")
    options.add_argument("--record", action="store_true")
    given = options.parse_args()
    text = pathlib.Path(given.table).read_text().split("\n")
    parts = [line.split("\t") if line and line[0] != "#" else line for line in text]
    rows = [part for part in parts if isinstance(part, list)]
    words = [given.program, "--port", "0", "--backend", given.backend, "--driver", given.driver]
    with Server(words) as address:
        differ = check(rows, 2, "http_server", address, given.record)
    version = nginx_version()
    if version.startswith("1.22."):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder + "/conf").write_text(NGINX.format(folder))
            with Server(["/usr/sbin/nginx", "-c", folder + "/conf", "-e", folder + "/log"], folder) as address:
                differ += check(rows, 3, "nginx", address, given.record)
    else:
        print(f"without nginx 1.22 (Debian's nginx-light); here is '{version}'")
    if given.record:
        pathlib.Path(given.table).write_text("\n".join("\t".join(p) if isinstance(p, list) else p for p in parts))
    musts = sum(row[1].startswith("MUST") for row in rows)
    disagree = sum(row[1].startswith("MUST") and not meets(row[1][5:], row[3]) for row in rows)
    same = sum(row[2] == row[3] for row in rows)
    print(f"{len(rows)} requests, {musts} with a MUST, {same} answered as nginx does, which fails {disagree} MUSTs; "
          f"{differ} differ from the table or from the RFCs")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
