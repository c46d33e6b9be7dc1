"""What the rivals' scripts share: reading the messages and reporting CPU time. Runs in their own environment."""

import json
import resource
import sys
import time

GIVEN = json.load(sys.stdin)
TALK = GIVEN["talk"]
ASKED = frozenset(GIVEN["asked"])
COMMANDS = 19  # and one handler that answers questions: 20
answered = 0


def command(number):
    return rf"(?:[/#]?命令{number}|command{number})(?:\s+(\S+))?$"


def count_answer():
    global answered
    answered += 1


def report(cpu_began, wall_began):
    cpu, wall = time.process_time() - cpu_began, time.perf_counter() - wall_began
    print(json.dumps({
        "messages": len(TALK), "answered": answered, "cpu_s": round(cpu, 3), "wall_s": round(wall, 3),
        "per_cpu_s": round(len(TALK) / cpu), "per_wall_s": round(len(TALK) / wall),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }))
