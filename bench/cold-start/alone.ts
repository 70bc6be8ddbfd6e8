// The least function that the framework can serve, in TypeScript as ours is: what no care for imports could save.
import { http } from '@google-cloud/functions-framework';

http('sync', (_request, response) => {
  response.send('ok');
});
