-- noted_rows of a fence: flow rows that are in notes; a program of an earlier version stores rows without.
-- flow_notes_begin: flow rows of earlier times may be in no note.
CREATE TABLE flow_notes_begin (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), ts INTEGER NOT NULL, unnoted_rows INTEGER NOT NULL
) STRICT;
ALTER TABLE ingest_fences ADD COLUMN noted_rows INTEGER NOT NULL DEFAULT 0;
