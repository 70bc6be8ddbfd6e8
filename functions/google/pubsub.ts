import { connectGoogle, type GoogleRest } from './rest.ts';

/** Pub/Sub, or another server that speaks its REST API. */
export function connectPubSub(endpoint: string | undefined): GoogleRest {
  return connectGoogle({
    url: 'https://pubsub.googleapis.com',
    scope: 'https://www.googleapis.com/auth/pubsub',
    endpoint,
  });
}
