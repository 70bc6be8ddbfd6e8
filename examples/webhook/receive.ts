// A webhook that handles each execution once: node receive.ts, with AUDIENCE and CALLER of the subscription.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { pathToFileURL } from 'node:url';
import { OAuth2Client } from 'google-auth-library';

/** An execution that has finished. */
export interface Execution {
  id: string;
  source: string;
  row: Record<string, unknown>;
}

export interface Options {
  /** Rejects what does not come from the subscription. */
  verify: (headers: IncomingHttpHeaders) => Promise<void>;
  handle: (execution: Execution) => Promise<void>;
}

/** Answers 204 once an execution is handled; anything else makes Pub/Sub send it again. */
export function createReceiver({ verify, handle }: Options) {
  // Of one process only: with several, keep the ids where all of them see them, for a day.
  const handled = new Set<string>();
  return createServer(async (request, response) => {
    try {
      await verify(request.headers);
    } catch {
      response.writeHead(401).end();
      return;
    }
    try {
      let body = '';
      for await (const chunk of request) body += chunk;
      const id = String(request.headers['ce-id']);
      if (!handled.has(id)) {
        await handle({ id, source: String(request.headers['ce-source']), row: JSON.parse(body) });
        handled.add(id);
      }
      response.writeHead(204).end();
    } catch {
      response.writeHead(500).end();
    }
  });
}

/** Whether Google signed the token, for this webhook, in the name of the subscription's account. */
export function createVerifier(audience: string, caller: string): Options['verify'] {
  const google = new OAuth2Client();
  return async ({ authorization = '' }) => {
    const ticket = await google.verifyIdToken({ idToken: authorization.replace('Bearer ', ''), audience });
    const { email, email_verified: isVerified } = ticket.getPayload() ?? {};
    if (email !== caller || !isVerified) throw new Error('The token names somebody else.');
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { AUDIENCE = '', CALLER = '', PORT = '8080' } = process.env;
  createReceiver({
    verify: createVerifier(AUDIENCE, CALLER),
    handle: async ({ id, row }) =>
      console.log(`${id}: ${row.pipeline_name} brought ${row.row_count} records.`),
  }).listen(Number(PORT));
}
