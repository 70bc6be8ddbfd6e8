import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../local/arguments.ts';

/** What `npm run env` shows, with an .npmrc that sets more than most. */
const ENVIRONMENT_OF_NPM = Object.fromEntries(
  Object.entries({
    ...{ cache: '/home/ana/.npm', global_prefix: '/usr', globalconfig: '/usr/etc/npmrc', prefix: '/usr' },
    ...{ init_module: '/home/ana/.npm-init.js', local_prefix: '/home/ana/kondado-log-sync', noproxy: '' },
    ...{
      node_gyp: '/usr/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js',
      npm_version: '11.19.1',
    },
    ...{ user_agent: 'npm/11.19.1 node/v24.11.0 linux x64 workspaces/false', userconfig: '/home/ana/.npmrc' },
    ...{
      allow_scripts: '',
      audit: '',
      fund: '',
      loglevel: 'error',
      progress: '',
      update_notifier: '',
      yes: 'true',
    },
    ...{ registry: 'https://npm.example/', proxy: 'http://proxy.example', shell: '/bin/zsh', force: 'true' },
    ...{
      prefer_offline: 'true',
      save_exact: 'true',
      os: 'linux',
      only: 'prod',
      omit: 'dev',
      tag: 'next',
      key: '',
    },
    ...{
      jobs: 'max',
      tmp: '/tmp',
      python: '/usr/bin/python3',
      target: '34.0.0',
      arch: 'arm64',
      email: 'a@b.example',
    },
    ...{
      json: '',
      dry_run: '',
      node_version: '24.11.0',
      user: '1000',
      version: '',
      versions: '',
      description: 'true',
    },
    ...{
      verify_deps_before_run: 'false',
      frozen_lockfile: '',
      constructor: 'x',
      _jsr_registry: 'https://npm.jsr.io/',
    },
  }).map(([name, value]) => [`npm_config_${name}`, value]),
);

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
    [['--h'], ['--h is not an option, did you mean --help?']],
    [['--f'], [/^--f is not an option$/]],
    [['--dryrun'], ['did you mean --dry-run?']],
    [['--accept-gap'], ['--accept-gap needs --from or --from-id']],
    [['--events', '--json'], ['--events cannot go together with --json']],
    [['--events', '--verify'], ['--events needs --publish']],
    [['--publish'], ['--publish needs --from, --from-id or --verify']],
  ])('%j is refused with every fault', (args, faults) => {
    for (const fault of faults) expect(() => parseCommand(args)).toThrow(fault);
  });

  test('that npm kept for itself are refused, as nothing else is left of them', () => {
    const env = { npm_config_from_id: 'true', npm_config_dry_run: 'true', npm_config_loglevel: 'error' };
    expect(() => parseCommand(['7'], env)).toThrow(
      /npm kept --from-id for itself.*npm kept --dry-run for itself: put -- before .*unexpected "7"/,
    );
    expect(parseCommand(['--dry-run'], { npm_config_json: '' }).request.dryRun).toBe(true);
  });

  test.each([
    ['dryrun', 'true', 'npm kept --dryrun for itself (did you mean --dry-run?): put -- before'],
    ['verfy', 'true', '--verfy for itself (did you mean --verify?)'],
    ['strems', 'model_logs', 'did you mean --streams?'],
    ['form', '2026-09-01', 'did you mean --from?'],
    ['verify', '', 'npm kept --verify for itself: put -- before'], // --no-verify, --verify=false
    ['from', '', 'npm kept --from for itself'], // --from=
    ['token_description', '2026-09-08', 'npm kept --to for itself'],
    ['accept_gp', '', 'did you mean --accept-gap?'],
  ])('%s that npm has set to "%s" is noticed', (name, value, said) => {
    const env = { ...ENVIRONMENT_OF_NPM, [`npm_config_${name}`]: value };
    expect(() => parseCommand([], env)).toThrow(said);
  });

  test('are not looked for in what npm and other programs have settings for', () => {
    expect(parseCommand([], ENVIRONMENT_OF_NPM).request.mode).toBe('incremental');
    expect(parseCommand(['--json'], ENVIRONMENT_OF_NPM).isJson).toBe(true);
  });
});
