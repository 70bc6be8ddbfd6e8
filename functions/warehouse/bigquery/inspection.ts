import type { BigQueryConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import type { Inspector, TableShape } from '../adapter.ts';
import type { BigQueryConnection } from './connection.ts';
import { reasonOf } from './faults.ts';

/** What the REST API calls a type: the names of its legacy SQL. */
const TYPES: Record<string, string> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

/** The part of https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables that is looked at. */
interface TableMetadata {
  schema?: { fields?: { name?: string; type?: string }[] };
  timePartitioning?: { type?: string; field?: string };
  clustering?: { fields?: string[] };
}

/** Makes what looks at a BigQuery dataset. */
export function createBigQueryInspector(connection: BigQueryConnection, config: BigQueryConfig): Inspector {
  const { client, call, tryQuery } = connection;
  const dataset = client.dataset(config.dataset);

  return {
    async locate() {
      const [metadata] = await call(`looking for the dataset ${config.dataset}`, () => dataset.getMetadata());
      const location = String(metadata?.location ?? 'an unknown location');
      const project = String(metadata?.datasetReference?.projectId ?? config.project);
      if (config.location !== undefined && config.location.toLowerCase() !== location.toLowerCase()) {
        throw new SyncError(
          'WAREHOUSE_REJECTED',
          `The dataset ${config.dataset} of project ${project} lies in ${location}, and BIGQUERY_LOCATION is ` +
            `${config.location}: set it to ${location}, or queries find nothing.`,
        );
      }
      return `dataset ${config.dataset} of project ${project} in ${location}`;
    },
    describe: (table) =>
      call(`looking at ${table}`, async () => {
        try {
          const [metadata] = await dataset.table(table).getMetadata();
          return shapeOf(metadata);
        } catch (error) {
          if (reasonOf(error) === 'notFound') return null;
          throw error;
        }
      }),
    tryView: (view) => tryQuery(`SELECT * FROM {${view}}`),
  };
}

function shapeOf({ schema, timePartitioning, clustering }: TableMetadata): TableShape {
  const columns = (schema?.fields ?? []).map(
    ({ name = '', type = '' }) => [name, TYPES[type] ?? type] as const,
  );
  const { type = '', field = '' } = timePartitioning ?? {};
  return {
    columns: new Map(columns),
    layout: {
      partition: timePartitioning === undefined ? null : { type, field },
      clustering: clustering?.fields ?? [],
    },
  };
}
