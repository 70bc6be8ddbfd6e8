import { describe, expect } from 'vitest';
import { rowsSource } from '../../../local/sandbox/source.ts';
import { request, test } from '../../support/sandbox.ts';

describe('rows given by a test', () => {
  test('are found beyond 2^53, as bigint and as text, and bigints are bare numbers in the answer', async ({
    start,
  }) => {
    const big = 2n ** 53n + 1n;
    const pipeline_logs = [{ id: 5 }, { id: String(big) }, { id: big + 2n }];
    const sandbox = await start({ source: rowsSource({ pipeline_logs, model_logs: [] }) });
    const response = await request(sandbox, { start_element_id: String(big) });
    expect(await response.text()).toBe(
      `{"success":true,"data":{"success":true,"data":[{"id":"${big}"},{"id":${big + 2n}}],"pagination":{"next_start_element_id":${big + 2n}}}}`,
    );
  });

  test('may be pushed, replaced, out of order and without an id', () => {
    const pipeline_logs: object[] = [{ id: 1 }, { id: 3 }, { name: 'no id' }];
    const source = rowsSource({ pipeline_logs, model_logs: [] });
    expect(source.page('pipeline_logs', 2n, 9, null).rows).toEqual([{ id: 3 }, { name: 'no id' }]);
    pipeline_logs[1] = { id: 3, row_count: 7 };
    expect(source.page('pipeline_logs', 2n, 1, null).rows).toEqual([{ id: 3, row_count: 7 }]);
    pipeline_logs.push({ id: 2 });
    expect(source.page('pipeline_logs', 2n, 2, null).rows).toEqual([{ id: 2 }, { id: 3, row_count: 7 }]);
    pipeline_logs.push({ id: 9 });
    expect(source.page('pipeline_logs', 4n, 2, null).rows).toEqual([{ id: 9 }]);
  });
});
