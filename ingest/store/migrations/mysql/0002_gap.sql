-- What lost rows accounted for, beside how many they were: the ledger's `gap`. An older program goes on writing fences.
ALTER TABLE ingest_fences ADD COLUMN gap_packets BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE ingest_fences ADD COLUMN gap_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0;
