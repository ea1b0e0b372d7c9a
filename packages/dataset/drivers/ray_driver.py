"""Runs a plan of `llm-dataset plan` or `llm-bpe plan` on an existing Ray cluster.

    python ray_driver.py PLAN [--address auto] [--command "llm-dataset"] [--cpus 1] [--retries 5]

Each rank is a Ray task that calls `COMMAND run-rank PLAN --rank I` on whatever node has room. Ray starts it again elsewhere when its
node is lost, and when it fails. When all ranks are complete, one more task calls `COMMAND collect PLAN`. Ranks that are
complete are skipped, so the driver itself can be run again.

Every node must see the plan, its sources and the folder of the result under the same paths, and have Node.js and the program. The
driver needs nothing but Ray, in the version of the cluster.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time

import ray

PROGRAMS = {"prepare": "llm-dataset", "tokenize": "llm-bpe"}
# Characters of a failed program's output that are told.
TOLD = 2000


class CommandFailed(Exception):
    """A program ended with an error."""


def run(arguments):
    """Runs a program on the node of this task; returns the node and what the program printed."""
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode != 0:
        raise CommandFailed(f"{shlex.join(arguments)} ended with {done.returncode} on {os.uname().nodename}: {done.stderr[-TOLD:]}")
    return {"node": ray.get_runtime_context().get_node_id(), "output": done.stdout}


def say(text):
    print(text, file=sys.stderr, flush=True)


def reason(error):
    """What went wrong, without Ray's traceback."""
    cause = getattr(error, "cause", None)
    return str(cause if isinstance(cause, CommandFailed) else error).strip()


def read_plan(path):
    try:
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
        return PROGRAMS[plan["task"]], len(plan["ranks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"error: {path} is not a plan that can be read ({error}). Give the plan.json that `llm-dataset plan` or `llm-bpe plan` wrote.")


def main():
    parser = argparse.ArgumentParser(description="Run a plan on an existing Ray cluster: every rank as a task, then collect.")
    parser.add_argument("plan", help="the plan.json, under a path that every node has")
    parser.add_argument("--address", default="auto", help="the cluster, as ray.init takes it (default: auto, the one of this machine)")
    parser.add_argument("--command", help="how the program is called on the nodes (default: llm-dataset or llm-bpe)")
    parser.add_argument("--cpus", type=int, default=1, help="processors and threads of a rank (default: 1)")
    parser.add_argument("--retries", type=int, default=5, help="how often a rank is tried again (default: 5)")
    parser.add_argument("--json", action="store_true", help="print the ranks with their nodes, and the result, as JSON")
    options = parser.parse_args()
    plan = os.path.abspath(options.plan)
    program, ranks = read_plan(plan)
    command = shlex.split(options.command) if options.command else [program]

    # Ray tells of lost nodes on standard output, which is for the result alone.
    result_output, sys.stdout = sys.stdout, sys.stderr
    ray.init(address=options.address, log_to_driver=False, logging_level="warning")
    task = ray.remote(run).options(num_cpus=options.cpus, max_retries=options.retries, retry_exceptions=True, scheduling_strategy="SPREAD")
    threads = ["--workers", str(options.cpus)]
    started = time.monotonic()
    waiting = {task.remote([*command, "run-rank", plan, "--rank", str(rank), *threads]): rank for rank in range(ranks)}
    nodes, failed = {}, {}
    while waiting:
        done, _ = ray.wait(list(waiting), num_returns=1)
        for reference in done:
            rank = waiting.pop(reference)
            try:
                nodes[rank] = ray.get(reference)["node"]
                say(f"rank {rank} is complete, {len(nodes)} of {ranks} after {time.monotonic() - started:.0f} s")
            except Exception as error:  # noqa: BLE001: whatever ended a rank is told with its number
                failed[rank] = reason(error)
                say(f"rank {rank} failed: {failed[rank]}")
    if failed:
        sys.exit(f"error: {len(failed)} of {ranks} ranks failed: {', '.join(map(str, sorted(failed)))}. Mend what they say and run the driver again; ranks that are complete are skipped.")
    try:
        result = ray.get(task.remote([*command, "collect", plan, *(threads if program == PROGRAMS["prepare"] else []), "--json"]))
    except Exception as error:  # noqa: BLE001: as above
        sys.exit(f"error: collecting failed: {reason(error)}")
    say(f"collected after {time.monotonic() - started:.0f} s")
    if options.json:
        print(json.dumps({"ranks": [{"rank": rank, "node": nodes[rank]} for rank in sorted(nodes)], "result": json.loads(result["output"])}), file=result_output)


if __name__ == "__main__":
    main()
