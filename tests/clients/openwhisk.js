// Runs a story, the body of an async function on standard input, with `ow`: the client of the npm package `openwhisk`,
// set up by the environment alone, as it is inside an action. Prints what it returns as JSON.
// `refused(promise)` is what a client learns of a request that fails.
const fs = require('fs')
const path = require('path')
const modules = path.join(__dirname, '../../target/clients/node_modules')
const openwhisk = require(require.resolve('openwhisk', { paths: [modules] }))

const refused = promise => promise.then(
  value => { throw new Error(`not refused: ${JSON.stringify(value)}`) },
  ({ name, message, statusCode, error }) => ({ name, message, statusCode, error })
)
const AsyncFunction = (async () => {}).constructor
const story = new AsyncFunction('ow', 'openwhisk', 'refused', 'fs', fs.readFileSync(0, 'utf8'))

story(openwhisk(), openwhisk, refused, fs).then(value => process.stdout.write(JSON.stringify(value ?? null)))
