-- What the retention made summaries of in this file: the flow rows of an attack's target, once they are old.
-- until_ts = all before it is done; from_rows became to_rows.
CREATE TABLE condensed (
    incident BLOB NOT NULL CHECK (length(incident) = 16), until_ts INTEGER NOT NULL, from_rows INTEGER NOT NULL,
    to_rows INTEGER NOT NULL, updated INTEGER NOT NULL,
    PRIMARY KEY (incident)
) STRICT, WITHOUT ROWID;
