import type { EventsConfig } from '../config.ts';
import { connectPubSub } from '../google/pubsub.ts';
import { type Finding, failed, ok, warning } from './checks.ts';

const PUBLISH = 'pubsub.topics.publish';

/**
 * Looks for the topic of the events, and asks whether it may be published to; nothing is published.
 *
 * https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
 */
export async function eventsFinding({ topic, apiEndpoint }: EventsConfig): Promise<Finding> {
  const pubsub = connectPubSub(apiEndpoint);
  const found = await pubsub.send(`/v1/${topic}`);
  if (found.status === null) {
    return failed(
      `Pub/Sub could not be reached for ${topic}. Check the Google credentials and the network; the rows do not need it, their events wait for it.`,
    );
  }
  if (found.status === 404) {
    return failed(`There is no topic ${topic}. Check EVENTS_TOPIC, or make the topic with terraform apply.`);
  }
  const allowed = await pubsub.send(`/v1/${topic}:testIamPermissions`, { permissions: [PUBLISH] });
  if (allowed.status === 200 && permissionsOf(allowed.data).includes(PUBLISH)) {
    return ok(`${topic} is there and may be published to.`);
  }
  if (apiEndpoint !== undefined && (found.status !== 200 || allowed.status !== 200)) {
    const unanswered = found.status === 200 ? 'whether it may be published to' : 'whether it is there';
    return warning(
      `PUBSUB_API_ENDPOINT does not say of ${topic} ${unanswered}. If it is an emulator, nothing is to be done.`,
    );
  }
  return failed(
    `${topic} may not be published to by this account (HTTP ${found.status}, then ${allowed.status ?? 'no answer'}). ` +
      'Grant it roles/pubsub.publisher on the topic.',
  );
}

function permissionsOf(data: unknown): unknown[] {
  const isAnswer = typeof data === 'object' && data !== null && 'permissions' in data;
  return isAnswer && Array.isArray(data.permissions) ? data.permissions : [];
}
