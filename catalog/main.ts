//! The process of catalog: names every part that runs, and is the only file that reads the environment.
import { catalogStream } from '../contracts/events/catalog.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { partsOf } from '../runtime/parts.ts'
import { serviceFrame } from '../runtime/service.ts'
import { loadConfig } from './config.ts'
import type { Deps } from './deps.ts'
import { tokenCheck } from './domain/token.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('catalog', () => loadConfig(process.env))
const frame = serviceFrame('catalog', config)
const { log, now, newId } = frame
const description = 'What the shop sells.'

await runService({
  name: 'catalog',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'catalog', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const outbox = createOutbox({ stream: catalogStream, now, newId })
    const deps: Deps = { store, now, newId, announce: outbox.announce, isToken: tokenCheck(config.token) }
    await parts.relay(store, nats, catalogStream, outbox)
    await parts.keyPruning(store)
    await parts.rpc(nats, rpcHandlers(deps))
    await parts.grpc(store, [grpc(deps)])
    await parts.http(() => http(deps, frame.http({ description }, { store, nats })))
  },
})
