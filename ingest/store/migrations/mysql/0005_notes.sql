-- Which addresses the flow rows of a batch have, for a search: ts = begin of ten minutes, seq = a number of the batch,
-- ts_min and ts_max = times of the rows, hashes = 4 bytes each. noted_rows of a fence: rows that are in notes; a program
-- of an earlier version stores rows without. flow_notes_begin: rows of earlier times may be in no note.
CREATE TABLE IF NOT EXISTS flow_notes (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, ts_min INT UNSIGNED NOT NULL,
    ts_max INT UNSIGNED NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS flow_notes_begin (
    id TINYINT UNSIGNED NOT NULL, ts INT UNSIGNED NOT NULL, unnoted_rows BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
ALTER TABLE ingest_fences ADD COLUMN noted_rows BIGINT UNSIGNED NOT NULL DEFAULT 0;
