-- What the retention made summaries of: the flow rows of an attack's target, once they are old. until_ts = all before
-- it is done; from_rows became to_rows.
CREATE TABLE IF NOT EXISTS condensed (
    incident BINARY(16) NOT NULL, until_ts INT UNSIGNED NOT NULL, from_rows BIGINT UNSIGNED NOT NULL,
    to_rows BIGINT UNSIGNED NOT NULL, updated INT UNSIGNED NOT NULL,
    PRIMARY KEY (incident)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
