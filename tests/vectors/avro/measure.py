"""Measure again what Java and fastavro make of the cases in tests/golden/avro/cases.yaml; verdicts stay as they are.

PYTHONPATH=.:tests python tests/vectors/avro/measure.py     # needs a JDK 17 or later, and Maven Central
"""

import subprocess
from pathlib import Path

import jgo
from avro_cases import FILE, cases, dumped, fastavro_reads

JARS = "org.apache.avro:avro:1.11.2+org.slf4j:slf4j-nop:1.7.36"


def main() -> None:
    """Rewrite the measured columns."""
    found = cases()
    asked = "".join(f"{one.name}\t{one.writer}\t{one.reader}\t{one.body}\n" for one in found)
    classpath = ":".join(str(jar) for jar in jgo.build(JARS).all_jars)
    program = Path(__file__).parent / "Resolve.java"
    done = subprocess.run(
        ["java", "-cp", classpath, str(program)], input=asked, capture_output=True, text=True, check=True
    )
    measured = {
        name: (java, checker) for name, java, checker in (line.split("\t") for line in done.stdout.splitlines())
    }
    rows = []
    for one in found:
        java, checker = measured[one.name]
        by_fastavro = fastavro_reads(one.writer, one.reader, one.body)
        rows.append(one._replace(java=java, checker=checker, fastavro=by_fastavro)._asdict())
    FILE.write_text(dumped(rows), "utf-8")


if __name__ == "__main__":
    main()
