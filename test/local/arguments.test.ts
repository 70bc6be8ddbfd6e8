import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../local/arguments.ts';

describe('the arguments', () => {
  test('become a request', () => {
    const { request } = parseCommand([
      ...['--from-id', '9007199254740993', '--to', '2026-09-08', '--streams', 'model_logs', '--dry-run'],
    ]);
    expect(request).toEqual({
      mode: 'backfill',
      streams: ['model_logs'],
      from: undefined,
      to: '2026-09-08T00:00:00.000000Z',
      fromId: 9007199254740993n,
      dryRun: true,
      acceptGap: false,
      publish: false,
    });
    expect(parseCommand([]).request).toMatchObject({ mode: 'incremental', streams: undefined });
    expect(parseCommand(['--verify', '--publish']).request).toMatchObject({ publish: true });
    expect(parseCommand(['--verify', '--json'])).toMatchObject({ isJson: true, request: { mode: 'verify' } });
  });

  test.each([
    [
      ['--bogus', 'stray', '--json=1'],
      ['--bogus is not an option', 'unexpected "stray"', '--json takes no value'],
    ],
    [['--from', '--to'], ['--from needs a value']],
    [['--from-id', '1', '--from-id', '2'], ['--from-id is given twice']],
    [['--from-id', 'x'], ['--from-id must be a whole number from 0 on']],
    [['--to', '2026-09-01'], ['--to needs --from or --from-id']],
    [['--from', '2999-01-01'], ['--from lies in the future']],
    [
      ['--streams', 'a,b', '--from', 'yesterday'],
      ['--streams must be one of', /--from must be a date .*, not "yesterday"/],
    ],
    [['--form', '2026-09-01'], ['--form is not an option, did you mean --from?']],
    [['--dryrun'], ['did you mean --dry-run?']],
    [['--accept-gap'], ['--accept-gap needs --from or --from-id']],
    [['--events', '--json'], ['--events cannot go together with --json']],
    [['--events', '--verify'], ['--events needs --publish']],
    [['--publish'], ['--publish needs --from, --from-id or --verify']],
  ])('%j is refused with every fault', (args, faults) => {
    for (const fault of faults) expect(() => parseCommand(args)).toThrow(fault);
  });

  test('that npm kept for itself are refused, as nothing else is left of them', () => {
    const env = { npm_config_dry_run: 'true', npm_config_from_id: 'true', npm_config_loglevel: 'error' };
    expect(() => parseCommand(['7'], env)).toThrow(
      /npm kept --from-id for itself.*npm kept --dry-run for itself: put -- before .*unexpected "7"/,
    );
    expect(parseCommand(['--dry-run'], { npm_config_json: '' }).request.dryRun).toBe(true);
  });
});
