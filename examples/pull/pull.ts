// Handles what has arrived: npm install google-auth-library, then node pull.ts PROJECT SUBSCRIPTION
import { GoogleAuth, PassThroughClient } from 'google-auth-library';

const [project, subscription] = process.argv.slice(2);
const emulator = process.env.PUBSUB_EMULATOR_HOST;
const auth = new GoogleAuth({
  scopes: 'https://www.googleapis.com/auth/pubsub',
  ...(emulator ? { authClient: new PassThroughClient() } : {}),
});
const url = `${emulator ? `http://${emulator}` : 'https://pubsub.googleapis.com'}/v1/projects/${project}/subscriptions/${subscription}`;
type Pulled = {
  receivedMessages?: { ackId: string; message: { data: string; attributes: Record<string, string> } }[];
};
const { data } = await auth.request<Pulled>({
  url: `${url}:pull`,
  method: 'POST',
  data: { maxMessages: 100 },
});
for (const { ackId, message } of data.receivedMessages ?? []) {
  const execution = JSON.parse(Buffer.from(message.data, 'base64').toString());
  console.log(message.attributes['ce-id'], execution.createdat, execution.row_count);
  await auth.request({ url: `${url}:acknowledge`, method: 'POST', data: { ackIds: [ackId] } }); // else it comes again
}
