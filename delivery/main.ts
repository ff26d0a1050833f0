//! The process of delivery: names every part that runs, and is the only file that reads the environment.
import { deliveryStream } from '../contracts/events/delivery.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { partsOf } from '../runtime/parts.ts'
import { rpcClient } from '../runtime/rpc.ts'
import { serviceFrame } from '../runtime/service.ts'
import { loadConfig } from './config.ts'
import { lomsFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('delivery', () => loadConfig(process.env))
const frame = serviceFrame('delivery', config)
const { log, registry, now, newId } = frame
const description = 'How orders reach their customers.'

await runService({
  name: 'delivery',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'delivery', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const outbox = createOutbox({ stream: deliveryStream, now, newId })
    const rpc = rpcClient({ nats, log, registry, now })
    const { choreography } = config
    const deps: Deps = { store, now, newId, announce: outbox.announce, rpc, choreography }
    await parts.relay(store, nats, deliveryStream, outbox)
    await parts.readers(store, nats, [{ stream: lomsStream, handlers: lomsFacts(deps) }])
    await parts.keyPruning(store)
    await parts.rpc(nats, rpcHandlers(deps))
    await parts.http(() => http(deps, frame.http({ description }, { store, nats })))
  },
})
