#!/usr/bin/env bash
# Metrics of a server that has work, in both formats, and its trace, as programs read them that are not ours. On both
# backends and both drivers.
set -euo pipefail
source "$(dirname "$0")/http.sh"
need curl curl
need ab apache2-utils
python=/usr/bin/python3  # Debian's, which sees Debian's modules.
"$python" -c 'import prometheus_client' || fail "install python3-prometheus-client"

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    start --metrics /metrics --workers 2
    ab -q -k -n 20000 -c 16 "$url/" >"$folder/ab" 2>&1 || fail "ab: $(cat "$folder/ab")"
    curl -sf -m 20 -D "$folder/head" -o "$folder/text" "$url/metrics"
    curl -sf -m 20 -D "$folder/open-head" -o "$folder/open" \
        -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' "$url/metrics"
    grep -qi '^content-type: text/plain; version=0.0.4' "$folder/head" || fail "$(cat "$folder/head")"
    grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$folder/open-head" ||
        fail "$(cat "$folder/open-head")"
    timeout 60 "$python" "$here/http_metrics.py" "$folder/text" "$folder/open" "$driver" 20000 ||
        fail http_metrics.py
    expect "elsewhere" 404 "$(curl -s -m 20 -o /dev/null -w '%{http_code}' "$url/metric")"
    stop "served * connections, 0 failed, 0 cancelled"
    start --trace /trace --workers 2
    ab -q -k -n 2000 -c 16 "$url/" >"$folder/ab" 2>&1 || fail "ab: $(cat "$folder/ab")"
    curl -sf -m 20 -o "$folder/trace" "$url/trace"
    timeout 60 "$python" "$here/http_trace.py" "$folder/trace" || fail http_trace.py
    stop "served * connections, 0 failed, 0 cancelled"
    # Whoever has not asked for it shows it to nobody.
    start
    expect "unasked" 404 "$(curl -s -m 20 -o /dev/null -w '%{http_code}' "$url/metrics")"
    stop "served * connections, 0 failed, 0 cancelled"
    echo "ok: $backend over $driver"
done
refuse http_server "give a path, such as /metrics" --metrics metrics
