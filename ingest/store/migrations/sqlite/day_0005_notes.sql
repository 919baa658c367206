-- Which addresses the flow rows of a batch have, for a search: ts = begin of ten minutes, seq = a number of the batch,
-- ts_min and ts_max = times of the rows, hashes = 4 bytes each. noted_rows of a fence: rows that are in notes.
CREATE TABLE flow_notes (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, ts_min INTEGER NOT NULL, ts_max INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
ALTER TABLE ingest_fences ADD COLUMN noted_rows INTEGER NOT NULL DEFAULT 0;
