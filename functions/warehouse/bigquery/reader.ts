import type { BigQueryConfig } from '../../config.ts';
import { parseRow, selectJson } from '../../views/columns.ts';
import type { Reader } from '../reader.ts';
import { connectBigQuery } from './connection.ts';

/** Opens a BigQuery dataset for reading; what is asked at the same time runs at the same time. */
export function openBigQueryReader(config: BigQueryConfig, timeLeftMs: () => number): Reader {
  const { query } = connectBigQuery(config, timeLeftMs);
  return {
    async read(view, condition = 'TRUE') {
      const rows = await query(view, (name) => selectJson(view, name, condition));
      return rows.map(({ content }) => parseRow(view, String(content)));
    },
    close: async () => {},
  };
}
