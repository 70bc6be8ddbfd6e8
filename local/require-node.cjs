// Loaded before every command. An older Node reads this file, but not the TypeScript that comes after it.
const { devDependencies } = require('../package.json');

const required = Number.parseInt(devDependencies.node.replace('^', ''), 10);
const { node: version } = process.versions;

if (Number.parseInt(version, 10) < required) {
  console.error(
    `This needs Node ${required} or later, and runs on Node ${version}.
npm ci brings the right Node along, unless it may not run install scripts or leaves out development packages.
Try: npm ci --ignore-scripts=false --include=dev
Or install Node ${required} yourself, from https://nodejs.org`,
  );
  process.exit(1);
}
