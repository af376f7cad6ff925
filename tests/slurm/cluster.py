"""A Slurm of one node on this machine, in a folder of its own: munge, controller and node daemon, on free ports."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "sinfo", "setpriv")

CONFIGURATION = """\
ClusterName=sonde
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
# A requeued job may start again when its credential has expired: soon, and not after two minutes.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,batch_sched_delay=0
KillWait=30
MinJobAge=3600
# More CPUs than there are, for several jobs at once: two node daemons on one machine break PMIx.
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs=32 State=UNKNOWN
PartitionName=all Nodes=node1 Default=YES MaxTime=INFINITE State=UP
"""


def why_not():
    """Why no Slurm can be started here; None when one can."""
    if os.geteuid() != 0:
        return "not root"
    missing = [program for program in PROGRAMS if not find(program)]
    return f"not installed: {', '.join(missing)}" if missing else None


def find(program):
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """with Cluster() as cluster: ... Whatever happens inside, nothing is left running after it."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-slurm-"))
        self.daemons = []
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if (self.folder / "slurm.conf").exists():
            self.run("scancel", "--user=root", check=False)
            wait_until(lambda: not self.run("squeue", "--noheader", check=False).strip(), 20)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        # Step daemons and ranks survive the node daemon.
        for process in self.left_running():
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def left_running(self):
        """Processes that were started by this cluster: their environment names its configuration."""
        mark = f"SLURM_CONF={self.folder}/slurm.conf".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:  # it has ended
                pass
        return found

    def run(self, *words, check=True, timeout=60):
        """What a command of Slurm prints."""
        done = subprocess.run([find(words[0]), *map(str, words[1:])], env=self.environment, capture_output=True,
                              text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr}{done.stdout}")
        return done.stdout

    def _start(self):
        self.folder.chmod(0o755)
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(mode=0o755)
        key = self.folder / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, host=socket.gethostname().split(".")[0], controller_port=free_port(),
            node_port=free_port()))
        self._daemon("munged", "--foreground", *(f"--{what}={self.folder}/munge/{name}" for what, name in [
            ("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed")]))
        wait_until((self.folder / "munge" / "socket").exists, 20)
        self._daemon("slurmctld", "-D", "-c")
        self._daemon("slurmd", "-D", "-N", "node1")
        if not wait_until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T", check=False), 60):
            logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))
            raise RuntimeError(f"Slurm does not start:\n{logs}")

    def _daemon(self, program, *words):
        """Started so that it ends with this process, even when that is killed."""
        log = open(self.folder / f"{program}.log", "wb")
        self.daemons.append(subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", find(program), *words], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT))
        log.close()


def wait_until(condition, seconds):
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
