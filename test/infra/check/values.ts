import { UNKNOWN, type Value } from './protocol.ts';
import type { Attribute, Block } from './schemas.ts';

/** Where a value stands: names of attributes and blocks, and places in lists. */
export type Path = readonly (string | number)[];

export interface Fault {
  path: Path;
  message: string;
}

/** Every value of a configuration that its attribute does not accept. */
export function findFaults(block: Block, config: Value, path: Path = []): Fault[] {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return [];
  return [
    ...Object.entries(block.attributes ?? {}).flatMap(([name, attribute]) => {
      const message = faultMessage(name, attribute, config[name]);
      return message === undefined ? [] : [{ path: [...path, name], message }];
    }),
    ...Object.entries(block.block_types ?? {}).flatMap(([name, nested]) => {
      const value = config[name] ?? null;
      if (!Array.isArray(value)) return findFaults(nested.block, value, [...path, name]);
      return value.flatMap((element, index) => {
        const faults = findFaults(nested.block, element, [...path, name, index]);
        // An element of a set has no address, so the set itself is named.
        return nested.nesting_mode === 'set'
          ? faults.map((fault) => ({ ...fault, path: [...path, name] }))
          : faults;
      });
    }),
  ];
}

function faultMessage(name: string, { accepts }: Attribute, value: Value | undefined): string | undefined {
  if (accepts === undefined || value === undefined || value === null || value === UNKNOWN) return undefined;
  const isPattern = typeof accepts === 'string';
  if (isPattern ? new RegExp(accepts).test(String(value)) : accepts.includes(String(value))) return undefined;
  const expected = isPattern ? `match ${accepts}` : `be one of ${accepts.join(', ')}`;
  return `${name} is ${JSON.stringify(value)}, but must ${expected}.`;
}
