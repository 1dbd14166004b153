"""Two processes have one SQLite file; what one does to it leaves the other's locks alone."""

import sqlite3
import subprocess
import sys
from contextlib import closing

from sqlalchemy import text

from triage_node.database import Database

READ_AND_CLOSE = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM study'); c.close()"
)


def test_preparing_twice_leaves_the_log_to_the_other_connections(tmp_path):
    file = tmp_path / "worklist.sqlite"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.migrate()
    database.look_for_damage(1)
    with database.write() as session:
        session.execute(text("CREATE TABLE note (word TEXT)"))
    subprocess.run([sys.executable, "-c", READ_AND_CLOSE, file], check=True)
    assert file.with_name("worklist.sqlite-wal").exists(), "another process took itself for the last one"
    with database.write() as session:
        session.execute(text("INSERT INTO note VALUES ('kept')"))
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT word FROM note").fetchall() == [("kept",)]
    database.close()
