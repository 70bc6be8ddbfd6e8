-- What does each ${object} execution look like now? One row per id: the newest updatedat, then the newest _synced_at.
-- createdat never changes for an id; as part of the partition it lets a filter on createdat skip the table's partitions.
SELECT *
FROM `${dataset}.${object}_logs`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY id, createdat ORDER BY updatedat DESC, _synced_at DESC) = 1
