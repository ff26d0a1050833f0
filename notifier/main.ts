//! The process of notifier: names every part that runs, and is the only file that reads the environment.
import { accountsStream } from '../contracts/events/accounts.ts'
import { billingStream } from '../contracts/events/billing.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { accessTokenSeconds } from '../contracts/tokens.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { partsOf } from '../runtime/parts.ts'
import { serviceFrame } from '../runtime/service.ts'
import { loadConfig } from './config.ts'
import { accountsFacts, billingFacts, deliveryFacts, lomsFacts } from './consumers.ts'
import { http } from './http.ts'
import { Listeners } from './listeners.ts'
import { listenerMetrics } from './metrics.ts'
import { printNotices } from './print-notices.ts'
import { schema } from './store/schema.ts'
import { watchNotices } from './watch-notices.ts'

const config = orExit('notifier', () => loadConfig(process.env))
const frame = serviceFrame('notifier', config)
const { log, registry, now, newId } = frame
const description = 'What customers are told.'

await runService({
  name: 'notifier',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'notifier', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const listeners = new Listeners(config)
    listenerMetrics(registry, listeners)
    const printing = printNotices(store, log, (notice) => listeners.wake(notice))
    const consuming = { newId, noted: printing.noted }
    await parts.readers(printing.store, nats, [
      { stream: lomsStream, handlers: lomsFacts(consuming) },
      { stream: accountsStream, handlers: accountsFacts(consuming) },
      { stream: billingStream, handlers: billingFacts(consuming) },
      { stream: deliveryStream, handlers: deliveryFacts(consuming) },
    ])
    // A SQLite file has one process, which knows what it writes.
    if (store.dialect === 'postgres')
      await part(
        'watch',
        () => watchNotices({ store, listeners, now, log }),
        (watch) => watch.close(),
      )
    const listenMsMax = accessTokenSeconds * 1000
    const doors = { store, listeners, heartbeatMs: 15_000, stalledSeconds: 45, listenMsMax }
    await parts.http(
      () => http(doors, frame.http({ description }, { store, nats })),
      () => listeners.close(),
    )
  },
})
