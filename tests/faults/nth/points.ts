//! Preloaded into a service under test (`bun --preload`): puts fault points into the runtime's modules as they are loaded,
//! and hears from the test which faults to carry out. The service's own code is the same with and without, but
//! for the nearer deadlines of settings.ts.
import { basename, dirname, join, resolve } from 'node:path'
import { plugin } from 'bun'
import { type Arm, lineReader, socketSetting, type Words } from './faults.ts'
import { arm, onFired } from './passing.ts'
import { nearLease } from './settings.ts'

/** Which export of which module is replaced by what a function here makes of it. */
const replaced = [
  ['runtime/store/open.ts', 'openStore', 'store-points.ts', 'faultyOpen'],
  ['runtime/store/lane.ts', 'Lane', 'store-points.ts', 'faultyLane'],
  ['runtime/messages/jetstream.ts', 'jetStream', 'stream-points.ts', 'faultyStream'],
  ['runtime/rpc/client.ts', 'rpcClient', 'question-points.ts', 'faultyClient'],
  ['runtime/rpc/attempt.ts', 'attempt', 'question-points.ts', 'faultyAttempt'],
  ['runtime/rpc/server.ts', 'serveRpc', 'question-points.ts', 'faultyServer'],
  ['loms/config.ts', 'loadConfig', 'settings.ts', 'nearDeadlines'],
] as const

const root = resolve(import.meta.dir, '../../..')
const exactly = (path: string) => new RegExp(`^${RegExp.escape(path)}$`)

plugin({
  name: 'fault points',
  setup(build) {
    for (const [module, name, points, make] of replaced) {
      const path = join(root, module)
      build.onLoad({ filter: exactly(path) }, () => ({
        loader: 'ts',
        // An export of one's own goes before that of the same name which `*` brings; without that one this does not load.
        contents: `export * from '${path}?plain'
import { ${name} as plain } from '${path}?plain'
import { ${make} } from '${join(import.meta.dir, points)}'
export const ${name} = ${make}(plain)
`,
      }))
    }
    const { module, text, nearer } = nearLease
    build.onLoad({ filter: exactly(join(root, module)) }, async ({ path }) => {
      const plain = await Bun.file(path).text()
      if (!plain.includes(text)) throw new Error(`${module} does not say "${text}" any more`)
      return { loader: 'ts', contents: plain.replace(text, nearer) }
    })
  },
})

const service = basename(dirname(Bun.main))
const armed = Promise.withResolvers<void>()
const say = (words: Words) => socket.write(`${JSON.stringify(words)}\n`)
const hear = lineReader((line) => {
  const { faults } = JSON.parse(line) as Arm // the test's own words
  say({ service, passed: arm(faults) })
  armed.resolve()
})
const path = process.env[socketSetting]
if (path === undefined) throw new Error(`${socketSetting} is not set`)
const socket = await Bun.connect({
  unix: path,
  socket: {
    data: (_, data) => hear(data),
    // Nobody is left who would start it again.
    close: () => process.exit(1),
  },
})
onFired((fired) => say({ fired }))
say({ hello: service })
await armed.promise
