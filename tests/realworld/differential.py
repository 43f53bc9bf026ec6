#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What registries, files and logins really look like, given to ours and to skopeo (to umoci too, where it fits), on this machine.
Whatever they read we must read, and the same: an input fails when they read it and ours does not, or both do and the records
differ, unless the input says why; and when ours does not do what its row says is right.

  differential.py INSPECT           compares with the table that is kept, tests/realworld/differential.md
  differential.py INSPECT --write   writes it
  differential.py INSPECT W26 ...   only the inputs of these rows, and what each reader said
  differential.py INSPECT --before  writes tests/realworld/before.md: what a program got wrong

Names and addresses of a company's network exist in a network namespace and a mount namespace of its own; where none can be had,
the inputs that need them are left out, and it says so. Each input passed or failed is a line in the file that LADING_TEST_RECORD
names, for tests/realworld/report.py.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import answers
import disk
import logins
import net
import world
from rows import write as write_record
from world import sha256

TABLE = Path(__file__).with_name("differential.md")
FACTS = ("Digest", "Architecture", "Os", "Layers", "RepoTags", "Env")
VERDICTS = {"equal": "equal", "more": "ours reads more", "refuses": "ours refuses", "differs": "they differ"}


class Reader:
    """What one program made of an input."""

    def __init__(self, command, asked, home):
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k not in ("REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG")}
        env.update({"HOME": home, "XDG_RUNTIME_DIR": home + "/run", "XDG_CONFIG_HOME": home + "/config", **asked.env})
        try:
            done = subprocess.run(command, capture_output=True, timeout=40, env=env, stdin=subprocess.DEVNULL)
            self.status, self.out, self.said = done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            self.status, self.out, self.said = -1, b"", "no end within 40 s"
        self.read = self.status == 0
        self.facts = {}
        if self.read:
            try:
                record = json.loads(self.out.decode(errors="replace"))
                self.facts = {k: record[k] for k in FACTS if record.get(k)} if "schemaVersion" not in record else {}
            except ValueError:
                pass
            if not self.facts:
                self.facts = {"bytes": sha256(self.out)}
            word = [e[5:] for e in self.facts.pop("Env", []) if e.startswith("WORD=")]
            if word:
                self.facts["Env"] = word[0]
        if asked.facts:
            self.facts.update(asked.facts())


class Outcome:
    def __init__(self, program, case, home):
        self.case = case
        w = world.World(home)
        asked = case.make(w)
        place = str(w.folder)

        def told(command):
            for peer in w.peers:
                peer.seen.clear()
            return Reader(command, asked, home)
        self.ours = told([program, "--retry", "1", "--timeout", "20", *([] if {"--platform", "--raw"} & set(asked.ours) else ["--platform", "linux/amd64"]), *asked.ours])
        self.theirs = told(["skopeo", "--override-os", "linux", "--override-arch", "amd64", *asked.theirs]) if asked.theirs else None
        self.umoci = told(["umoci", *asked.umoci]) if asked.umoci else None
        w.close()
        code = re.search(r"\b([a-z0-9]+(?:_[a-z0-9]+)+):", self.ours.said.splitlines()[-1] if self.ours.said and not self.ours.read else "")
        self.code = code[1] if code else ""
        others = [o for o in (self.theirs, self.umoci) if o]
        self.unlike = ""
        if any(o.read for o in others) and not self.ours.read:
            self.verdict = "refuses"
        elif self.ours.read and not any(o.read for o in others) and others:
            self.verdict = "more"
        else:
            both = [o.facts for o in others if o.read == self.ours.read]
            unlike = [k for facts in both for k in facts if k in self.ours.facts and facts[k] != self.ours.facts[k]]
            self.verdict = "differs" if unlike else "equal"
            self.unlike = ", ".join(dict.fromkeys(unlike))
        self.wrong = self.judge(case.right)
        if self.verdict in ("refuses", "differs") and not case.why:
            self.wrong = self.wrong or "no reason is given"
        self.said = "\n".join(f"    {name}: {'read ' + json.dumps(o.facts) if o.read else 'refused'}  {o.said.replace(place, 'FOLDER')[:600]}"
                              for name, o in (("ours", self.ours), ("skopeo", self.theirs), ("umoci", self.umoci)) if o)

    def judge(self, right):
        """What is wrong with what ours did, or nothing."""
        if self.ours.status < 0 or self.ours.status > 2:
            return f"it ended with {self.ours.status}"
        if right is None:
            return ""
        if isinstance(right, str):
            if self.ours.read:
                return "it is read"
            if re.search(right, self.ours.said, re.S) is None:
                return f"the message has no {right!r}"
            return "" if all(c.isprintable() or c == "\n" for c in self.ours.said) else "the message has control characters"
        if not self.ours.read:
            return "it is refused"
        for key, value in right.items():
            if key == "says":
                if re.search(value, self.ours.said, re.S) is None:
                    return f"nothing says {value!r}"
            elif key == "more":
                if not value(self.ours):
                    return "the record is another"
            elif self.ours.facts.get(key) != value:
                return f"{key} is {str(self.ours.facts.get(key))[:120]}"
        return ""

    def shape(self):
        return re.sub(r"[^ -~]", lambda m: f"\\u{ord(m[0]):04x}", self.case.shape).replace("|", "\\|")

    def line(self):
        tell = lambda o: "" if o is None else "read" if o.read else "refused"
        why = self.case.why if self.verdict != "equal" else ""
        verdict = VERDICTS[self.verdict] + (f": {self.unlike}" if self.unlike else "")
        return f"| {self.case.row} | {self.shape()} | {tell(self.ours)}{f' `{self.code}`' if self.code else ''} | {tell(self.theirs)} | {tell(self.umoci)} | {verdict} | {why} |"


def namespaces():
    """Runs this program again where it has a network and names of its own; comes back when that cannot be."""
    if os.environ.get("LADING_REALWORLD_INSIDE") or not shutil.which("unshare") or not shutil.which("ip"):
        return
    mine = [] if os.geteuid() == 0 else ["--map-root-user"]
    if subprocess.run(["unshare", *mine, "-n", "-m", "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        return
    home = tempfile.mkdtemp()
    Path(home, "hosts").write_text("".join(f"{address} {names}\n" for address, names in net.HOSTS.items()))
    commands = ["ip link set lo up", f"mount --bind {home}/hosts /etc/hosts",
                *[f"ip address add {a}/{128 if ':' in a else 32} dev lo{' nodad' if ':' in a else ''}" for a in net.ADDRESSES], 'exec "$@"']
    os.environ["LADING_REALWORLD_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", *mine, "-n", "-m", "sh", "-e", "-c", "\n".join(commands), "sh", sys.executable, "-B", *sys.argv])


def ours(line):
    """Of a line of the table the input and what we made of it. What the others make of it is not held to the table: it depends on
    their version, and on the order of a Go map."""
    return re.split(r"(?<!\\)\|", line)[1:4]


def main():
    program = str(Path(sys.argv[1]).resolve())
    write, rows = "--write" in sys.argv, [a for a in sys.argv[2:] if not a.startswith("--")]
    namespaces()
    inside = bool(os.environ.get("LADING_REALWORLD_INSIDE"))
    for part in (disk, net, logins, answers):
        part.fill()
    cases = [c for c in world.CASES if (not rows or c.row in rows) and (inside or not c.names)]
    kept = [ours(line) for line in TABLE.read_text().splitlines()] if TABLE.exists() and not write and not rows and "--before" not in sys.argv else None
    home = tempfile.mkdtemp(prefix="lading-realworld-")
    Path(home, "run").mkdir()
    net.make_certificates(home)
    try:
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            outcomes = list(pool.map(lambda c: Outcome(program, c, home), cases))
            for i, outcome in enumerate(outcomes): # once more: another program may have been short of time
                if outcome.wrong or (kept is not None and ours(outcome.line()) not in kept):
                    outcomes[i] = Outcome(program, outcome.case, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)

    lines = ["# What they read, and what we read", "",
             "Made by `tests/realworld/differential.py INSPECT --write`, with the skopeo (1.9.3) and the umoci (0.4.7) of Debian 12.", "",
             "| row | input | ours | skopeo | umoci | | reason |", "|---|---|---|---|---|---|---|", *[o.line() for o in outcomes]]
    failed = 0
    for outcome in outcomes:
        changed = kept is not None and ours(outcome.line()) not in kept
        if outcome.wrong or changed or rows:
            print(f"{outcome.case.row}, {outcome.case.shape}: {outcome.wrong or ('not as kept' if changed else 'as it should be')}\n{outcome.said}")
        failed += bool(outcome.wrong or changed)
        write_record("differential", not outcome.wrong, f"{outcome.case.row}: {outcome.case.shape}")
    if "--before" in sys.argv:
        wrong = [o for o in outcomes if o.wrong]
        text = ["# What it was like before", "", f"What the program of ab331de made of these inputs: {len(wrong)} of {len(outcomes)} were wrong, in {len({o.case.row for o in wrong})} of "
                f"{len({o.case.row for o in outcomes})} rows. Made by `tests/realworld/differential.py INSPECT --before`.", "", "| row | input | what was wrong | skopeo |", "|---|---|---|---|"]
        text += [f"| {o.case.row} | {o.shape()} | {o.wrong}{f', `{o.code}`' if o.code else ''} | {'' if o.theirs is None else 'read' if o.theirs.read else 'refused'} |" for o in wrong]
        TABLE.with_name("before.md").write_text("\n".join(text) + "\n")
    if write:
        TABLE.write_text("\n".join(lines) + "\n")
    elif kept is not None and inside and kept != [ours(line) for line in lines] and not failed:
        failed += 1
        print("the table that is kept has other inputs: differential.py INSPECT --write")
    if not inside:
        print("no namespaces here: the inputs that need names and addresses of their own are left out")
    count = Counter(o.verdict for o in outcomes)
    print(f"inputs tried: {len(outcomes)}, of {len({o.case.row for o in outcomes})} rows; equal: {count['equal']}; ours reads more: {count['more']}; "
          f"ours refuses: {count['refuses']}; both read, and differ: {count['differs']}")
    for verdict in ("refuses", "differs"):
        for why, n in Counter(o.case.why for o in outcomes if o.verdict == verdict and o.case.why and not o.wrong).items():
            print(f"  {VERDICTS[verdict]}, {n}: {why}")
    unsaid = sum(o.verdict == "refuses" and (not o.case.why or bool(o.wrong)) for o in outcomes)
    print(f"they read and we do not, without a reason: {unsaid}")
    by_row = Counter(o.case.row for o in outcomes if o.wrong)
    if by_row:
        print("rows with failures: " + ", ".join(f"{row} ({n})" for row, n in sorted(by_row.items())))
    print(f"differential: {len(outcomes) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
