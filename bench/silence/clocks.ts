import { HOUR_MS } from '../../functions/timestamps.ts';

/** The offset of a zone at each hour that was asked for, because Intl takes long to answer. */
const offsets = new Map<string, number>();

/** How far the clocks of a zone are ahead of UTC. */
export function offsetMs(zone: string, atMs: number): number {
  const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
  const key = `${zone} ${hourMs}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const local = new Date(hourMs).toLocaleString('sv-SE', { timeZone: zone });
  const offset = Date.parse(`${local.replace(' ', 'T')}Z`) - hourMs;
  offsets.set(key, offset);
  return offset;
}

/** An instant shifted so that its UTC fields read as the clock of a zone. */
export function toLocal(zone: string, atMs: number): Date {
  return new Date(atMs + offsetMs(zone, atMs));
}

/** The instant at which the clocks of a zone show what the UTC fields of `localMs` read. */
export function fromLocal(zone: string, localMs: number): number {
  return localMs - offsetMs(zone, localMs - offsetMs(zone, localMs));
}
