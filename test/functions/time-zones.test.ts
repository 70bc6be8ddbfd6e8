import { expect, test } from 'vitest';
import { TIME_ZONES, VARIABLES } from '../../functions/variables.ts';

test('the list holds the names of the IANA database, links included, each once and in order', () => {
  const names = [...TIME_ZONES];
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(
    expect.arrayContaining(['America/Sao_Paulo', 'Brazil/East', 'Etc/GMT+3', 'UTC', 'Zulu']),
  );
  for (const refused of ['Factory', 'PST', 'america/sao_paulo', '+03:00', 'localtime', ''])
    expect(names).not.toContain(refused);
  expect(Intl.supportedValuesOf('timeZone').filter((name) => !TIME_ZONES.has(name))).toEqual([]);
});

test('JavaScript, which cuts the days of the page, knows each of them', () => {
  for (const timeZone of TIME_ZONES)
    expect(() => new Intl.DateTimeFormat('en', { timeZone }), timeZone).not.toThrow();
});

test('the default is one of them', () => {
  expect(TIME_ZONES).toContain(VARIABLES.BILLING_TIME_ZONE.default);
});
