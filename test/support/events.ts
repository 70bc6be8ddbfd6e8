import { type FakeMessage, type FakePubSub, type PublishFault, startFakePubSub } from '../fakes/pubsub.ts';
import { ONE_STREAM, type OpenedWarehouse, runsOf, testWith, type WAREHOUSES } from './contract.ts';
import { type Post, type Posted, poster } from './post.ts';
import type { Environment, LogLine } from './runs.ts';
import type { Kondado, KondadoOptions } from './test.ts';

export const TOPIC = 'projects/my-project/topics/kondado';

/** A Kondado, a warehouse and a topic, and what posts bodies to a function between them. */
export interface Published {
  kondado: Kondado;
  warehouse: OpenedWarehouse;
  pubsub: FakePubSub;
  post: Post;
  /** What went wrong with the requests to publish; may be changed between runs. */
  faults: { next: (publishing: number) => PublishFault | Promise<PublishFault> };
  /** The ids of the events that have arrived since it was called before. */
  arrived(): number[];
}

export type OpenEvents = (options?: KondadoOptions, env?: Environment) => Promise<Published>;

export function testEventsWith(kind: (typeof WAREHOUSES)[number]) {
  return testWith(kind).extend<{ open: OpenEvents }>({
    async open({ startKondado, warehouse }, use) {
      const topics: FakePubSub[] = [];
      await use(async (options = {}, env = ONE_STREAM) => {
        const faults: Published['faults'] = { next: () => undefined };
        const pubsub = await startFakePubSub(TOPIC, undefined, (publishing) => faults.next(publishing));
        topics.push(pubsub);
        const kondado = await startKondado(options);
        const post = poster(kondado, warehouse, { ...env, ...topicEnv(pubsub) });
        let seen = 0;
        const arrived = () => {
          const ids = pubsub.messages.slice(seen).map(idOf);
          seen = pubsub.messages.length;
          return ids;
        };
        return { kondado, warehouse, pubsub, post, faults, arrived };
      });
      await Promise.all(topics.map((topic) => topic.close()));
    },
  });
}

export function topicEnv({ url }: Pick<FakePubSub, 'url'>): Environment {
  return { EVENTS_TOPIC: TOPIC, PUBSUB_API_ENDPOINT: url };
}

/** The id of the row that an event is about. */
export function idOf({ attributes }: FakeMessage): number {
  return Number(attributes['ce-id']?.split('-')[1]);
}

/** The log lines that say that events are not out. */
export function failuresOf({ lines }: Posted): LogLine[] {
  return lines.filter(({ event }) => event === 'events_failed');
}

/** What the runs of a mode have recorded of their events, the oldest first. */
export async function recorded({ warehouse }: Published, mode = 'incremental'): Promise<(number | null)[]> {
  return (await runsOf(warehouse, mode))
    .toSorted((one, other) => (String(one.started_at) < String(other.started_at) ? -1 : 1))
    .map(({ events_published }) => (events_published === null ? null : Number(events_published)));
}

/** A run that stores its rows and is killed before an event is out, and before it is recorded. */
export async function killed({ post, faults, warehouse }: Published): Promise<void> {
  faults.next = () => 403;
  await post();
  faults.next = () => undefined;
  const dataset = warehouse.fake ? `${warehouse.fake.dataset}.` : '';
  await warehouse.run(`DELETE FROM ${dataset}sync_runs WHERE events_published IS NULL`);
}
