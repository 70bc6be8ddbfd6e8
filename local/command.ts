import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import type { Environment } from './environment.ts';
import { letReadersLeave, say } from './terminal/screen.ts';

/** What npm has options for as well. */
const OPTIONS_OF_NPM = ['dry-run', 'json'];

/** What npm makes of options of ours, as it completes what is the beginning of one of its own. */
const COMPLETED_BY_NPM: ReadonlyMap<string, string> = new Map([['token-description', 'to']]);

/** The command was used wrongly; the message names every fault. */
export class UsageError extends Error {
  override name = 'UsageError' as const;
}

/** The options of a command, by name. */
export type Options = Readonly<Record<string, { type: 'string' | 'boolean'; short?: string }>>;

/** What was given of them, and everything that is wrong with it. */
export interface GivenOptions {
  /** By name; empty for a flag. */
  values: ReadonlyMap<string, string>;
  faults: string[];
}

/**
 * Reads the options of a command.
 *
 * @param env where npm puts the options that it keeps for itself.
 */
export function readOptions(
  command: string,
  options: Options,
  args: readonly string[],
  env: Environment,
): GivenOptions {
  const names = Object.keys(options);
  const values = new Map<string, string>();
  const faults = optionsTakenByNpm(options, env).map(({ given, meant }) => {
    const doubt = given === meant ? '' : ` (did you mean --${meant}?)`;
    return `npm kept --${given} for itself${doubt}: put -- before the options, as in npm run ${command} -- --${meant}`;
  });
  // Strict parsing would stop at the first fault.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`unexpected ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const type = Object.hasOwn(options, name) ? options[name]?.type : undefined;
    if (type === undefined) faults.push(unknownOption(rawName, names));
    else if (values.has(name)) faults.push(`${rawName} is given twice`);
    else if (type === 'boolean' && value !== undefined) faults.push(`${rawName} takes no value`);
    else if (type === 'string' && (!value || value.startsWith('--'))) faults.push(`${rawName} needs a value`);
    else values.set(name, value ?? '');
  }
  return { values, faults };
}

/** Runs a command to its exit status; wrong usage is said, and is 2. */
export async function runCommand(command: string, main: () => number | Promise<number>): Promise<void> {
  letReadersLeave(process.stdout);
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(process.stderr, `Wrong usage: ${error.message}.`);
    say(process.stderr, `npm run ${command} -- --help lists what there is.`);
    process.exitCode = 2;
  }
}

/** Options typed without the `--` that makes npm pass them on: only these variables show that they were there. */
function optionsTakenByNpm(options: Options, env: Environment): { given: string; meant: string }[] {
  return Object.entries(env).flatMap(([key, value = '']) => {
    const kept = /^npm_config_(.+)$/.exec(key)?.[1]?.replaceAll('_', '-');
    if (kept === undefined) return [];
    const given = COMPLETED_BY_NPM.get(kept) ?? kept;
    const meant = Object.hasOwn(options, given) ? given : nearestOption(given, Object.keys(options));
    if (meant === undefined) return [];
    // Empty is what --from= and --no-verify leave, but also what some versions of npm set their own options to.
    if (given === meant) return value === '' && OPTIONS_OF_NPM.includes(given) ? [] : [{ given, meant }];
    // A setting of npm or of another program may have a name like that of a flag (shell, help), but not its value.
    const isLikeFlag = value === '' || value === 'true';
    return options[meant]?.type === 'string' || isLikeFlag ? [{ given, meant }] : [];
  });
}

/** Names the option that may have been meant, too. */
function unknownOption(rawName: string, names: readonly string[]): string {
  const nearest = nearestOption(rawName.replace(/^-+/, ''), names);
  return `${rawName} is not an option${nearest === undefined ? '' : `, did you mean --${nearest}?`}`;
}

/** The only one that begins like this, else the one that is spelt most alike. */
function nearestOption(name: string, names: readonly string[]): string | undefined {
  const [begun, ...others] = names.filter((each) => each.startsWith(name));
  if (begun !== undefined && others.length === 0) return begun;
  const nearest = closest(name, names);
  return distance(name, nearest) <= 1 + nearest.length / 4 ? nearest : undefined;
}
