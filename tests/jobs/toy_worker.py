"""Starts a worker that knows the toy only. Arguments: the folder of toy.py, the job's folder."""

import sys

sys.path.insert(0, sys.argv[1])
import toy

from socialml.jobs import tasks, worker

tasks.load = lambda name: toy
sys.exit(worker.main(sys.argv[2]))
