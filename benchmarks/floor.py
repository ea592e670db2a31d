"""The floor of every ingest: DuckDB reads the lines of a file and does nothing with them.

Run by `ingest.py` in a process of its own: `floor.py FILE`. Prints the number of lines.
"""

import sys

import duckdb

# A delimiter that no log holds makes each line one field; without quotes nothing inside a line is looked at.
_READ = """
SELECT count(*), sum(strlen(line))
FROM read_csv(?, columns = {'line': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', header = false,
              auto_detect = false)
"""


def main() -> None:
    """Counts the lines and bytes of the file that the command line names."""
    connection = duckdb.connect(config={"threads": 2})
    row = connection.execute(_READ, [sys.argv[1]]).fetchone()
    print(row[0] if row else 0)


if __name__ == "__main__":
    main()
