// The smallest function that the framework can serve, in TypeScript as ours is: no care about imports could beat it.
import { http } from '@google-cloud/functions-framework';

http('sync', (_request, response) => {
  response.send('ok');
});
