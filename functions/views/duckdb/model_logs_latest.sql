-- What does each model execution look like now? One row per id: the newest updatedat, then the newest _synced_at.
SELECT *
FROM ${dataset}.model_logs
QUALIFY ROW_NUMBER() OVER (PARTITION BY id, createdat ORDER BY updatedat DESC NULLS LAST, _synced_at DESC) = 1
