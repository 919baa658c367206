-- Which programs may use a store of each version: the lowest version that one must know to read it, and to write to it.
-- 0 = only those that know this very version.
ALTER TABLE schema_versions ADD COLUMN min_reader INT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE schema_versions ADD COLUMN min_writer INT UNSIGNED NOT NULL DEFAULT 0;
