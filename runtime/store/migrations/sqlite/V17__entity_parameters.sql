-- The parameters of an entity, which lists do not show, behind its document: SQLite reads the columns of a row in order
-- and only as far as a query asks.
ALTER TABLE entity ADD COLUMN parameters TEXT;
UPDATE entity SET parameters = doc -> '$.parameters', doc = json_remove(doc, '$.parameters')
WHERE json_type(doc, '$.parameters') IS NOT NULL;
