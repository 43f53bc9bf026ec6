#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What an inspection costs, as ratios to the floor (floor.c): the least that a client can do.

    python3 tests/bench/run.py [--runs 15] [--blob-mib 256] [--bulk 20000] [--many 100000] [--no-build] [--no-micro]

Builds build/bench, starts docker-registry and nginx on free loopback ports, runs our programs, the floor, and the peers that
are here (skopeo, curl; others when CRANE, REGCTL or ORAS name their programs) in turn, and writes medians and ratios to
build/bench/results.txt, .json and .svg. Needs nginx, docker-registry, openssl, apache2-utils. Not a test: nothing passes or
fails here but the programs themselves."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys

import chart
import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"
BENCH = BUILD / "tests" / "bench"
QUANTITIES = ("CPU", "wall", "memory")


def build(micro):
    subprocess.run(["cmake", "--preset", "bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    targets = ["inspect", *(f"bench_{n}" for n in ("floor", "floor_tls", "spend", "images", "bulk", "blob", "beside", "threads"))]
    if micro:
        targets.append("bench_micro")
    subprocess.run(["cmake", "--build", "--preset", "bench", "--target", *targets], cwd=ROOT, check=True)


def spend(command, environment):
    """CPU and wall in ms, peak memory in MiB."""
    said = subprocess.run([BENCH / "bench_spend", *map(str, command)], env=environment, capture_output=True, text=True, check=True)
    cpu, wall, peak, status = said.stdout.split()
    if status != "0":
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {status}\n{said.stderr}")
    return float(cpu) / 1e3, float(wall) / 1e3, float(peak) / 1024


def in_turn(programs, runs, environment):
    """The median of each quantity a program. `programs`: {name: command}. One run each is for the caches."""
    seen = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, command in programs.items():
            used = spend(command, environment)
            if number:
                seen[name].append(used)
    return {name: dict(zip(QUANTITIES, map(statistics.median, zip(*used)))) for name, used in seen.items()}


def peers(world, environment):
    """The other programs that are here, as commands over plain http and over TLS."""
    plain, tls = {}, {}
    if skopeo := shutil.which("skopeo"):
        inspect = [skopeo, "inspect", "--no-tags"]
        plain["skopeo"] = [*inspect, "--tls-verify=false", f"docker://{world.registry.host}/bench/app:latest"]
        tls["skopeo"] = [*inspect, f"docker://{world.nginx.tls}/bench/app:latest"]
    if curl := shutil.which("curl"):
        accept = ["-sSf", "-H", f"Accept: {servers.MANIFEST}"]
        plain["curl, manifest only"] = [curl, *accept, f"http://{world.registry.host}/v2/bench/app/manifests/latest"]
        tls["curl, manifest only"] = [curl, *accept, "--cacert", world.ca, f"https://{world.nginx.tls}/v2/bench/app/manifests/latest"]
    if crane := os.environ.get("CRANE"):
        plain["crane"] = [crane, "config", "--insecure", f"{world.registry.host}/bench/app:latest"]
        tls["crane"] = [crane, "config", f"{world.nginx.tls}/bench/app:latest"]
    if oras := os.environ.get("ORAS"):
        plain["oras"] = [oras, "manifest", "fetch-config", "--plain-http", f"{world.registry.host}/bench/app:latest"]
        tls["oras"] = [oras, "manifest", "fetch-config", "--plain-http=false", f"{world.nginx.tls}/bench/app:latest"]
    if regctl := os.environ.get("REGCTL"):
        subprocess.run([regctl, "registry", "set", "--tls=disabled", world.registry.host], env=environment, check=True)
        plain["regctl"] = [regctl, "image", "inspect", f"{world.registry.host}/bench/app:latest"]
        tls["regctl"] = [regctl, "image", "inspect", f"{world.nginx.tls}/bench/app:latest"]
    return plain, tls


def scenarios(world, options, environment):
    """{scenario: {program: medians}}; the floor is the first program of each."""
    inspect = [BUILD / "examples" / "inspect", "--no-tags"]
    port, tls_port, fast_port = (host.split(":")[1] for host in (world.registry.host, world.nginx.tls, world.nginx.plain))
    plain_peers, tls_peers = peers(world, environment)
    runs, few = options.runs, max(1, options.runs // 3)

    yield "cold inspect, plain http, docker-registry", in_turn({
        "floor": [BENCH / "bench_floor", "inspect", "127.0.0.1", port, "bench/app", "latest"],
        "lading": [*inspect, "--plain-http", f"{world.registry.host}/bench/app:latest"], **plain_peers}, runs, environment)
    yield "cold inspect, TLS 1.3, nginx", in_turn({
        "floor": [BENCH / "bench_floor_tls", "inspect", "127.0.0.1", tls_port, "bench/app", "latest", world.ca],
        "lading": [*inspect, f"{world.nginx.tls}/bench/app:latest"], **tls_peers}, runs, environment)

    def bulk(count, connections, threads):
        return [BENCH / "bench_bulk", world.nginx.plain, count, connections // threads, threads]

    many = [BENCH / "bench_floor", "bulk", "127.0.0.1", fast_port]
    yield f"bulk, {options.bulk} images, 64 connections, nginx", in_turn({
        "floor": [*many, options.bulk, 64], "lading, 1 thread": bulk(options.bulk, 64, 1),
        "lading, 2 threads": bulk(options.bulk, 64, 2)}, few, environment)
    yield f"bulk, {options.many} images, 64 connections, nginx", in_turn({
        "floor": [*many, options.many, 64], "lading, 1 thread": bulk(options.many, 64, 1)}, 1, environment)
    yield f"verified blob of {options.blob_mib} MiB, nginx, into nothing", in_turn({
        "floor": [BENCH / "bench_floor", "blob", "127.0.0.1", fast_port, f"/v2/bench/app/blobs/{world.blob}"],
        "lading": [BENCH / "bench_blob", world.nginx.plain, "bench/app", world.blob, world.blob_bytes]}, few, environment)


def table(results):
    lines = [f"{'':<24}{'CPU ms':>10}{'wall ms':>10}{'peak MiB':>10}   {'CPU':>7}{'wall':>7}{'memory':>8}  (times the floor)"]
    for scenario, programs in results.items():
        floor = programs["floor"]
        lines.append(scenario)
        for name, used in programs.items():
            ratios = [used[q] / floor[q] for q in QUANTITIES]
            lines.append(f"  {name:<22}{used['CPU']:>10.2f}{used['wall']:>10.2f}{used['memory']:>10.1f}   "
                         f"{ratios[0]:>7.2f}{ratios[1]:>7.2f}{ratios[2]:>8.2f}")
    return "\n".join(lines) + "\n"


def each_image(results):
    """What one image of a bulk run costs."""
    lines = []
    for scenario, programs in results.items():
        if scenario.startswith("bulk"):
            count = int(scenario.split()[1])
            lines += [f"{scenario}: {name}: {count / used['wall'] * 1e3:.0f} images/s, {used['CPU'] / count * 1e3:.1f} us CPU each"
                      for name, used in programs.items()]
    return "\n".join(lines) + "\n"


def micro():
    """The table of the small benchmarks; nothing where there is no Google Benchmark."""
    program = BENCH / "bench_micro"
    if not program.exists():
        return {}, ""
    said = subprocess.run([program, "--benchmark_min_time=0.05", "--benchmark_repetitions=5", "--benchmark_format=json",
                           "--benchmark_report_aggregates_only=true"], capture_output=True, text=True, check=True)
    rows = {b["run_name"]: {"MB_per_s": b["bytes_per_second"] / 1e6, "allocations": b["allocs"]}
            for b in json.loads(said.stdout)["benchmarks"] if b["aggregate_name"] == "median"}
    lines = [f"\n{'small benchmarks':<44}{'MB/s':>9}{'allocations':>13}"]
    lines += [f"{name:<44}{row['MB_per_s']:>9.0f}{row['allocations']:>13.0f}" for name, row in rows.items()]
    return rows, "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--blob-mib", type=int, default=256)
    parser.add_argument("--bulk", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-micro", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through the end of World, which stops the servers
    if not options.no_build:
        build(not options.no_micro)
    with servers.World(BENCH / "bench_images", options.blob_mib << 20) as world:
        # Nothing of the user's configuration, and one CA for all: what a bundle costs is not what is compared.
        environment = {"PATH": os.environ["PATH"], "HOME": str(world.folder), "SSL_CERT_FILE": str(world.ca),
                       "SSL_CERT_DIR": "/nonexistent", "no_proxy": "127.0.0.1,localhost"}
        results = {}
        for scenario, medians in scenarios(world, options, environment):
            print(table({scenario: medians}), end="", flush=True)
            results[scenario] = medians
    rows, rows_text = ({}, "") if options.no_micro else micro()
    alone = "\n".join(subprocess.run([BENCH / name], capture_output=True, text=True, check=True).stdout
                      for name in ("bench_beside", "bench_threads"))
    text = table(results) + "\n" + each_image(results) + "\n" + alone + rows_text
    (BUILD / "results.txt").write_text(text)
    (BUILD / "results.json").write_text(json.dumps({"scenarios": results, "micro": rows}, indent=1) + "\n")
    groups = [(scenario, [(name, {q: used[q] / programs["floor"][q] for q in QUANTITIES})
                          for name, used in programs.items() if name != "floor"]) for scenario, programs in results.items()]
    (BUILD / "results.svg").write_text(chart.svg("What an inspection costs, as a ratio to the floor", groups))
    print(f"\n{text}\nwritten: {BUILD}/results.txt, .json, .svg")


if __name__ == "__main__":
    sys.exit(main())
