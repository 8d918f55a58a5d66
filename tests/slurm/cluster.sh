# Sourced by tests/slurm/run: a cluster of Slurm with two nodes, "one" and "two", both this machine. All of it is in one
# folder and on ports of its own, so that it meets no cluster that may be there. Needs root.

# What start_cluster has to say when it could not.
why_not=

free_ports() {
    python3 -c '
import socket, sys
all = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in all:
    one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in all])' "$1"
}

# write_configuration FOLDER: no cgroups, no accounting, no ties between tasks and
# processors, since none of them is tested here.
write_configuration() {
    local folder=$1 host controller first second cpus
    host=$(hostname -s)
    cpus=$(nproc --all)
    read -r controller first second < <(free_ports 3)
    cat >"$folder/slurm.conf" <<END
ClusterName=bifilar
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmctldTimeout=600
SlurmdTimeout=600
NodeName=one NodeHostname=$host NodeAddr=127.0.0.1 Port=$first CPUs=$cpus State=UNKNOWN
NodeName=two NodeHostname=$host NodeAddr=127.0.0.1 Port=$second CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
}

# wait_until SECONDS COMMAND…: until it succeeds.
wait_until() {
    local left=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((left -= 1)) -gt 0 ] || return 1
        sleep 0.2
    done
}

both_idle() { [ "$(sinfo --noheader --states=idle --Node --format=%N | sort -u | wc -l)" -eq 2 ]; }

# start_munge FOLDER: with a key and a socket of its own, as the user that Debian's package makes for it.
start_munge() {
    local folder=$1
    mkdir "$folder/munge" && head -c 1024 /dev/urandom >"$folder/munge/key" &&
        chown -R munge:munge "$folder/munge" && chmod 755 "$folder/munge" && chmod 400 "$folder/munge/key" || return
    # --force: the folder is in /tmp, where others may write.
    setpriv --reuid munge --regid munge --clear-groups munged --force --key-file="$folder/munge/key" \
        --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" \
        --seed-file="$folder/munge/seed" 2>/dev/null
}

# stuck WHAT LOG: fills why_not with that and the last line of the log.
stuck() {
    why_not="$1: $(tail -n 1 "$2" 2>&1)"
    return 1
}

# start_cluster FOLDER: gives 1, and why_not, where that cannot be.
start_cluster() {
    local folder=$1 node
    cluster=$folder
    chmod 755 "$folder"
    mkdir -p "$folder/state" "$folder/spool/one" "$folder/spool/two"
    start_munge "$folder" || stuck "munged does not start" "$folder/munge/log" || return
    write_configuration "$folder"
    export SLURM_CONF=$folder/slurm.conf
    slurmctld || stuck "slurmctld does not start" "$folder/slurmctld.log" || return
    wait_until 120 scontrol ping || stuck "slurmctld does not answer" "$folder/slurmctld.log" || return
    for node in one two; do
        slurmd -N "$node" || stuck "slurmd does not start" "$folder/slurmd.$node.log" || return
    done
    wait_until 120 both_idle || { why_not="the nodes do not become idle: $(sinfo --noheader)"; return 1; }
}

# Ends what start_cluster started, and nothing else.
stop_cluster() {
    local file pid
    for file in "$cluster"/slurmd.*.pid "$cluster"/slurmctld.pid "$cluster"/munge/pid; do
        [ -s "$file" ] || continue
        pid=$(<"$file")
        kill "$pid" 2>/dev/null || continue
        wait_until 30 gone "$pid" || kill -KILL "$pid"
    done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
