//! The process of billing: names every part that runs, and is the only file that reads the environment.
import { accountsStream } from '../contracts/events/accounts.ts'
import { billingStream } from '../contracts/events/billing.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { partsOf } from '../runtime/parts.ts'
import { rpcClient } from '../runtime/rpc.ts'
import { serviceFrame } from '../runtime/service.ts'
import { loadConfig } from './config.ts'
import { accountsFacts, lomsFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { settleHolds } from './operations/settle-holds.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('billing', () => loadConfig(process.env))
const frame = serviceFrame('billing', config)
const { log, registry, now, newId } = frame
const description = 'Wallets, what is held in them and charged to them.'

await runService({
  name: 'billing',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'billing', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const outbox = createOutbox({ stream: billingStream, now, newId })
    const { freeTopUp, choreography, holdLookMs, unknownOrderMs } = config
    const deps: Deps = {
      store,
      now,
      newId,
      announce: outbox.announce,
      rpc: rpcClient({ nats, log, registry, now }),
      freeTopUp,
      choreography,
      holdLookMs,
      unknownOrderMs,
    }
    await parts.relay(store, nats, billingStream, outbox)
    await parts.readers(store, nats, [
      { stream: accountsStream, handlers: accountsFacts(deps) },
      { stream: lomsStream, handlers: lomsFacts(deps) },
    ])
    await parts.clock({ name: 'settle holds', run: () => settleHolds(deps) })
    await parts.keyPruning(store)
    await parts.rpc(nats, rpcHandlers(deps))
    await parts.http(() => http(deps, frame.http({ description }, { store, nats })))
  },
})
