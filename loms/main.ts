//! The process of loms: names every part that runs, and is the only file that reads the environment.
import { billingStream } from '../contracts/events/billing.ts'
import { catalogStream } from '../contracts/events/catalog.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { partsOf } from '../runtime/parts.ts'
import { rpcClient } from '../runtime/rpc.ts'
import { serviceFrame } from '../runtime/service.ts'
import { committing } from '../runtime/store/after-commit.ts'
import type { DeadlineTimer } from '../runtime/timer.ts'
import { loadConfig } from './config.ts'
import { billingFacts, catalogFacts, deliveryFacts, type FactDeps } from './consumers.ts'
import type { SagaDeps } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { orderMetrics } from './metrics.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { runSagas } from './operations/run-sagas.ts'
import { wakeSagas } from './operations/wake-sagas.ts'
import { rpcHandlers } from './rpc.ts'
import { schema, type Tables } from './store/schema.ts'

const config = orExit('loms', () => loadConfig(process.env))
const frame = serviceFrame('loms', config)
const { log, registry, now, newId } = frame
const description = 'Orders, stock and reservations.'

await runService({
  name: 'loms',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'loms', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const outbox = createOutbox({ stream: lomsStream, now, newId })
    let clock: DeadlineTimer | undefined
    let sagaClock: DeadlineTimer | undefined
    const deps: SagaDeps = {
      store,
      now,
      newId,
      rpc: rpcClient({ nats, log, registry, now }),
      sagaMode: config.sagaMode,
      sagaDue: (retryAt) => sagaClock?.wake(retryAt),
      sleep: Bun.sleep,
      announce: outbox.announce,
      metrics: orderMetrics(registry),
      paymentWindowMs: config.paymentWindowMs,
      deadlineSet: (payBy) => clock?.wake(payBy),
    }
    await parts.relay(store, nats, lomsStream, outbox)
    const counting = committing<Tables>(store)
    const factDeps: FactDeps = {
      ...deps,
      reached: (tx, order) => counting.afterCommit(tx, () => deps.metrics.reached(order)),
    }
    await parts.readers(counting.store, nats, [
      { stream: catalogStream, handlers: catalogFacts },
      { stream: billingStream, handlers: billingFacts(factDeps) },
      { stream: deliveryStream, handlers: deliveryFacts(factDeps) },
    ])
    clock = await parts.clock({ name: 'expire orders', run: () => expireOrders(deps) })
    await wakeSagas(deps)
    sagaClock = await parts.clock({ name: 'run sagas', run: () => runSagas(deps) })
    await parts.keyPruning(store)
    await parts.rpc(nats, rpcHandlers(deps))
    await parts.grpc(store, [grpc(deps)])
    await parts.http(() => http(deps, frame.http({ description }, { store, nats })))
  },
})
