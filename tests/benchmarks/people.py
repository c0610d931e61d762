"""Processor time and memory of one form for each of many people.

python -m tests.benchmarks.people [--people 1000]
"""

import argparse
import resource
import sys
from collections.abc import Sequence
from time import process_time

from omrclip.omr.authoring.generation.people import generate_for, read_people

SOURCE = """?text=Exam of ${name}
	font_size=18
?container=head
	columns_proportions=60%-40%
?block=Pupil
	column=1
	border=square
	is_clipped=true
?content=Name: ${name}
?content=Class: ${class}
&block
?block=Code
	column=2
?barcode=Person
	value=${id}
&block
&container
?answer_sheet=Q
	elements_count=60
	answers_count=5
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.people")
    parser.add_argument("--people", type=int, default=1000, help="number of people (1000)")
    options = parser.parse_args(arguments)
    table = "name,id,class\n" + "".join(f"Žofie Müller {n},P-{n:05},7b\n" for n in range(options.people))
    began = process_time()
    made = generate_for(read_people(table.encode(), "people.csv"), SOURCE.encode(), "exam")
    took = process_time() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"{options.people} forms: {took:.1f} s of processor time, {most:.0f} MB, PDF of {len(made.pdf) / 1e6:.1f} MB"
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
