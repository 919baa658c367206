-- What the retention made summaries of in day files that are gone since; see the table of this name there.
CREATE TABLE condensed (
    incident BLOB NOT NULL CHECK (length(incident) = 16), until_ts INTEGER NOT NULL, from_rows INTEGER NOT NULL,
    to_rows INTEGER NOT NULL, updated INTEGER NOT NULL,
    PRIMARY KEY (incident)
) STRICT, WITHOUT ROWID;
