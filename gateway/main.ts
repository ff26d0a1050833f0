//! The process of gateway: names every part that runs, and is the only file that reads the environment.
import { orExit, runService } from '../runtime/lifecycle.ts'
import { partsOf } from '../runtime/parts.ts'
import { serviceFrame } from '../runtime/service.ts'
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
    const parts = partsOf({ service: 'gateway', config, frame, part })
    const nats = await parts.nats()
    const door = doorOf({ config, frame, nats, fetchesMax })
    await parts.http(
      () => http(door.deps, door.http),
      () => door.endStreams(),
    )
  },
})
