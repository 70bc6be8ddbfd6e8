// Loaded before the framework, which tells nobody when it listens, nor on which port.
const { subscribe } = require('node:diagnostics_channel');

subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  process.send(server.address().port);
});
