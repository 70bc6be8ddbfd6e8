import { BudgetUsedUp, toSyncError } from '../errors.ts';
import { TABLES, type Table, type TableName } from '../schema/tables.ts';
import { runRows, type StreamReport } from '../sync/report.ts';
import type { Timestamp } from '../timestamps.ts';
import { deployedVersion } from '../version.ts';
import { readTemplates } from '../views/templates.ts';
import type { TableShape } from '../warehouse/adapter.ts';
import type { InspectedWarehouse } from '../warehouse/warehouse.ts';
import { type Finding, failed, ok, warning } from './checks.ts';

const TABLES_REMEDY = 'Run terraform apply, which makes tables and adds columns; types it cannot change.';

/** Looks for every table, and for every column with its type; hands on those that are not as they must be. */
export async function tablesFinding(warehouse: InspectedWarehouse): Promise<Finding<Set<TableName>>> {
  const names = Object.keys(TABLES) as TableName[];
  const shapes = await Promise.all(
    names.map(async (name) => ({ name, shape: await warehouse.describe(name) })),
  );
  const faults = shapes.flatMap(({ name, shape }) => {
    const fault = columnFault(TABLES[name], shape);
    return fault === null ? [] : [{ name, fault }];
  });
  const broken = new Set(faults.map(({ name }) => name));
  if (faults.length > 0) {
    return failed(
      `${faults.map(({ name, fault }) => `${name} ${fault}`).join(', ')}. ${TABLES_REMEDY}`,
      broken,
    );
  }
  const costly = shapes.flatMap(({ name, shape }) => layoutFault(name, shape));
  if (costly.length > 0) {
    return warning(
      `${costly.join(', ')}. The sync works all the same, but queries read more than they need: copy the rows into a table made by Terraform.`,
      broken,
    );
  }
  const layout = shapes.every(({ shape }) => shape?.layout === null) ? '' : ', partitioned and clustered';
  return ok(`All ${names.length} are there with every column and its type${layout}.`, broken);
}

/** What is wrong with the columns of a table; null if nothing is. One that the sync does not know does no harm. */
function columnFault({ schema }: Table, shape: TableShape | null): string | null {
  if (shape === null) return 'is missing';
  const faults = schema.flatMap(({ name, type }) => {
    const found = shape.columns.get(name);
    if (found === undefined) return [`lacks ${name}`];
    return found === type ? [] : [`has ${name} as ${found} instead of ${type}`];
  });
  return faults.length === 0 ? null : faults.join(' and ');
}

function layoutFault(name: TableName, shape: TableShape | null): string[] {
  if (!shape?.layout) return [];
  const { partition, clustering } = TABLES[name];
  const { type, field } = shape.layout.partition ?? {};
  return [
    ...(type === partition.type && field === partition.field
      ? []
      : [`${name} is not partitioned by ${partition.type} on ${partition.field}`]),
    ...(shape.layout.clustering.join() === clustering.join()
      ? []
      : [`${name} is not clustered by ${clustering.join(', ')}`]),
  ];
}

/** Asks every view, without reading anything. */
export async function viewsFinding(warehouse: InspectedWarehouse): Promise<Finding> {
  const names = [...readTemplates().keys()];
  const faults = await Promise.all(
    names.map(async (name) => {
      try {
        await warehouse.tryView(name);
        return [];
      } catch (error) {
        if (error instanceof BudgetUsedUp) throw error;
        return [{ name, message: toSyncError(error).message }];
      }
    }),
  );
  const [first, ...others] = faults.flat();
  if (first === undefined) return ok(`All ${names.length} are there, and a query of each is accepted.`);
  const refused = [first, ...others].map(({ name }) => name).join(', ');
  return failed(`Of ${names.length} views these cannot be asked: ${refused}. ${first.message}`);
}

/** Stores a row of `sync_runs` for each stream, which every view ignores, and looks for it. */
export async function writingFinding(
  warehouse: InspectedWarehouse,
  reports: readonly StreamReport[],
  { runId, startedAt }: { runId: string; startedAt: Timestamp },
): Promise<Finding> {
  const run = { run_id: runId, mode: 'check' } as const;
  await warehouse.record('sync_runs', runRows(run, { acceptGap: false }, reports, deployedVersion()));
  const found = await warehouse.countRunStreams(runId, startedAt);
  return found === reports.length
    ? ok(`A row of mode check for each of ${reports.length} streams went into sync_runs and was found again.`)
    : failed(
        `Of ${reports.length} rows that went into sync_runs ${found} were found again: a table that was just made may lose ` +
          'what is sent to it for some minutes. Check again in ten minutes, and before the first run.',
      );
}
