# Sourced by tests/run, experiments/run and .ci/run: installs the packages of the named stages that are missing.

bifilar_install() {
    local root stage package missing=()
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    while read -r stage package; do
        case " $* " in *" $stage "*) ;; *) continue ;; esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done < <(grep -v '^#' "$root/packages.txt")
    [ ${#missing[@]} -eq 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "there is no apt here; what the build may miss, by Debian's names: ${missing[*]}" >&2
        return 0
    fi
    echo "installing with apt: ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
