-- What lost rows accounted for, beside how many they were: the ledger's `gap`.
ALTER TABLE ingest_fences ADD COLUMN gap_packets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ingest_fences ADD COLUMN gap_bytes INTEGER NOT NULL DEFAULT 0;
