//! `bun tools/nats.ts`: finds nats-server, or fetches it. `bun tools/nats.ts run`: runs it, as the Procfile does.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { portSetting } from './dev/services.ts'
import { findNatsServer } from './nats/find.ts'
import { startNats } from './nats/start.ts'

const usage = `bun tools/nats.ts          prints the path and version of nats-server; fetches it where it is missing
bun tools/nats.ts run      runs it until SIGTERM or Ctrl-C

  --port PORT              default $NATS_PORT, or 4222
  --data DIR               default $DATA_DIR, or .data; messages in DIR/nats, configuration in DIR/nats.conf
`

/** What of the server's log is for people; its greeting is a screenful. */
const worthSaying = /\[(WRN|ERR|FTL)\]/

async function run(port: number, dataDir: string): Promise<number> {
  const server = await startNats({
    port,
    storeDir: join(dataDir, 'nats'),
    configPath: join(dataDir, 'nats.conf'),
    binary: await findNatsServer({ say: console.log }),
    onLine: (line) => worthSaying.test(line) && console.log(line),
  })
  console.log(
    `nats-server ${server.version} on ${server.url}, pid ${server.pid}, messages in ${server.storeDir}`,
  )

  let stopping = false
  const stop = () => {
    stopping = true
    void server.stop()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  await server.exited
  if (!stopping) console.error('nats-server has ended by itself')
  return stopping ? 0 : 1
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { port: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  if (positionals[0] === 'run') {
    const settings = { NATS_PORT: values.port ?? process.env.NATS_PORT }
    return await run(
      portSetting(settings, 'NATS_PORT', 4222),
      resolve(values.data ?? process.env.DATA_DIR ?? '.data'),
    )
  }
  const { path, version } = await findNatsServer({ say: console.error })
  console.log(`${path} ${version}`)
  return 0
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
