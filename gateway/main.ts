//! The process of gateway: names every part that runs, and is the only file that reads the environment.
import { orExit, runService } from '../runtime/lifecycle.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { loadConfig } from './config.ts'
import { doorOf } from './door.ts'
import { http } from './http.ts'

const config = orExit('gateway', () => loadConfig(process.env))
const frame = serviceFrame('gateway', config)
const { log } = frame

// Bun reads it when it starts, and 256 is what it takes unless told.
const fetchesMax = Number(process.env.BUN_CONFIG_MAX_HTTP_REQUESTS) || 256

await runService({
  name: 'gateway',
  log,
  parts: async (part) => {
    const nats = await part('nats', frame.connect, (nats) => nats.close())
    const door = doorOf({ config, frame, nats, fetchesMax })
    await part(
      'http',
      () => {
        const listening = http(door.deps, door.http).listen({ host: config.host, port: config.httpPort })
        return listening
      },
      (listening) => {
        door.endStreams()
        return listening.close(graceMs)
      },
    )
  },
})
