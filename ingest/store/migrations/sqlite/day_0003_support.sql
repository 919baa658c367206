-- Which programs may use a file of each version: the lowest version that one must know to read it, and to write to it.
-- 0 = only those that know this very version. The version in force is the one in the file's header.
CREATE TABLE schema_versions (
    version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL, min_reader INTEGER NOT NULL,
    min_writer INTEGER NOT NULL
) STRICT;
