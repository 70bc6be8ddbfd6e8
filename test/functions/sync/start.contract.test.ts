import { describe, expect } from 'vitest';
import { latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { idsOf } from '../../support/history.ts';
import { createStopper, poster, postUntilDone } from '../../support/post.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { coverage, falselyProven } from '../../support/stored.ts';
import { rowsBetween } from '../../support/worlds.ts';

const HOUR_MINUTES = 60;

describe.each(WAREHOUSES)('an hourly run into %s', (kind) => {
  const test = testWith(kind);

  test('finds a row that appears late, with an id between two stored ones', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: [
        pipelineRow(900, { createdAt: minutesAgo(26 * HOUR_MINUTES) }),
        pipelineRow(1_000, { createdAt: minutesAgo(10) }),
      ],
    });
    const post = poster(kondado, warehouse);
    await post();
    const late = [
      pipelineRow(901, { createdAt: minutesAgo(40) }),
      pipelineRow(999, { createdAt: minutesAgo(11) }),
    ];
    kondado.streams.pipeline_logs.push(...late);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 2 });
    expect(await latestIds(warehouse)).toEqual([900, 901, 999, 1_000]);
  });

  test('finds it also after a run that failed, and after a day of silence', async ({
    startKondado,
    warehouse,
  }) => {
    let isBroken = false;
    const rows = [...rowsBetween(48 * HOUR_MINUTES, 25 * HOUR_MINUTES, 100, 1_000)];
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: () => (isBroken ? { kind: 'envelopeError', error: 'BROKEN', message: 'No.' } : undefined),
    });
    const post = poster(kondado, warehouse);
    await post();
    isBroken = true;
    expect((await post()).stream).toMatchObject({ outcome: 'failed', progressed: false });
    isBroken = false;
    const late = pipelineRow(Number(rows.at(-2)?.id) + 1, { createdAt: minutesAgo(25 * HOUR_MINUTES + 30) });
    rows.push(late, pipelineRow(9_000, { createdAt: minutesAgo(2) }));
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 2 });
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  test('says where the next one goes on, whatever ended it', async ({ startKondado, warehouse }) => {
    let failAt = -1;
    const rows = rowsBetween(300, 5, 200, 1_000);
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: ({ index }) =>
        index === failAt ? { kind: 'envelopeError', error: 'BROKEN', message: 'No.' } : undefined,
    });
    const post = poster(kondado, warehouse);
    // Before anything is read, after a page, where it began the run before, and after another page.
    for (const pages of [0, 1, 0, 1]) {
      failAt = kondado.sandbox.requests.length + pages;
      const { stream } = await post();
      expect(stream).toMatchObject({ outcome: 'failed', progressed: pages > 0 });
      failAt = kondado.sandbox.requests.length;
      const next = (await post()).stream;
      expect(kondado.sandbox.requests.at(-1)?.startElementId).toBe(BigInt(stream.next_id ?? -1));
      expect(next).toMatchObject({ outcome: 'failed', progressed: false, next_id: stream.next_id });
    }
    failAt = -1;
    expect((await post()).stream).toMatchObject({ outcome: 'success', progressed: true, next_id: null });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toHaveLength(1);
  });

  /** 200 rows of each of three clients, in turn. */
  const all = (firstId = 1_000, oldest = 30 * HOUR_MINUTES, newest = 2, count = 600): ApiRow[] =>
    rowsBetween(oldest, newest, count, firstId).map((row, index) => ({ ...row, client_id: 1 + (index % 3) }));
  const ofClients = (rows: readonly ApiRow[], clients: string) =>
    clients === '' ? rows : rows.filter(({ client_id }) => clients.split(',').includes(String(client_id)));

  test.for<{ name: string; steps: string[] }>([
    { name: 'all after one', steps: ['1', ''] },
    { name: 'all after two of three', steps: ['1,2', ''] },
    { name: 'one more', steps: ['1', '1,2'] },
    { name: 'another instead', steps: ['1', '2'] },
    { name: 'one after all', steps: ['', '2'] },
    { name: 'all, one for a while, all', steps: ['', '2', ''] },
    { name: 'one, another for a while, the one', steps: ['1', '2,3', '1'] },
  ])('reads all rows of the clients that it is told: $name', async ({ steps }, {
    startKondado,
    warehouse,
  }) => {
    const rows = all();
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    for (const [index, clients] of steps.entries()) {
      if (index > 0) rows.push(...all(10_000 * index, 1.9 / index, 1.5 / index, 60));
      const env = { KONDADO_CLIENT_IDS: clients, LOOKBACK_MINUTES: '0' };
      const { streams, outcome } = await post({}, { env });
      expect(outcome).toBe('success');
      expect(streams).toHaveLength(clients === '' ? 1 : clients.split(',').length);
    }
    const stored = new Set(await latestIds(warehouse));
    const wanted = idsOf(ofClients(rows, steps.at(-1) ?? ''));
    expect(wanted.filter((id) => !stored.has(id))).toEqual([]);
  });

  test('reads them also run by run, when the one before was of another client', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = all();
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const post = poster(kondado, warehouse);
    await postUntilDone(post, stopper, { env: { KONDADO_CLIENT_IDS: '1' } });
    const answers = await postUntilDone(post, stopper, { env: { KONDADO_CLIENT_IDS: '' } });
    expect(answers.length).toBeGreaterThan(2);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test('does not take a client without rows for a fault', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: all() });
    const post = poster(kondado, warehouse);
    for (const _ of [1, 2]) {
      const { streams } = await post({}, { env: { KONDADO_CLIENT_IDS: '1,99' } });
      expect(streams.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
    }
  });

  test('of a client whose rows carry no client id is a success, and stores nothing twice', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = all().map((row) => ({ ...row, client_id: null }));
    const kondado = await startKondado({ pipeline_logs: rows, hides: () => false });
    const post = poster(kondado, warehouse);
    for (const inserted of [rows.length, 0]) {
      const { stream } = await post({}, { env: { KONDADO_CLIENT_IDS: '7' } });
      expect(stream).toMatchObject({ outcome: 'success', rows_inserted: inserted });
    }
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(rows.length);
  });
});
